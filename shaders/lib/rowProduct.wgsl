// y[token, row] = Σ_k x[token, k]·W[row, k] for up to 8 tokens, reading W once.
// `slices` invocations share a row, so that neighbours read neighbouring weights. Each holds two rows, so that it uses a
// quad of x twice. One slice needs no barrier. `width` tokens are computed in registers. There are variants for 1, 4 and
// 8, since a loop over an indexed array would not stay in registers.
// The importing kernel declares x (array<vec4f>), y, the fields of lib/rowFields, and weightQuad(row, quad):
// W[row, 4·quad … 4·quad + 3].
override width: u32 = 8u;
// Consecutive quads that one invocation takes: as many as a word of packed weights holds.
override quadsPerLane: u32 = 1u;

override slices: u32 = 16u;

// [row, token, slice], 128 / slices rows.
var<workgroup> partial: array<f32, 128u * width>;

fn inputQuad(token: u32, quad: u32) -> vec4f {
  // Tokens beyond the last are computed from the last, and not stored.
  return x[(uniforms.firstToken + min(token, uniforms.tokens - 1u)) * uniforms.quads + quad];
}

fn keep(slot: u32, slice: u32, low: vec4f, high: vec4f) {
  let at = slot * width * slices + slice;
  partial[at] = low.x;
  if (width > 1u) {
    partial[at + slices] = low.y;
    partial[at + 2u * slices] = low.z;
    partial[at + 3u * slices] = low.w;
  }
  if (width > 4u) {
    partial[at + 4u * slices] = high.x;
    partial[at + 5u * slices] = high.y;
    partial[at + 6u * slices] = high.z;
    partial[at + 7u * slices] = high.w;
  }
}

fn store(token: u32, row: u32, value: f32) {
  if (token >= uniforms.tokens || row >= uniforms.rows) {
    return;
  }
  let to = (uniforms.firstToken + token) * uniforms.rows + row;
  var sum = value;
  if (uniforms.accumulate != 0u) {
    sum += y[to];
  }
  y[to] = sum;
}

fn storeTokens(row: u32, low: vec4f, high: vec4f) {
  for (var i = 0u; i < min(width, 4u); i++) {
    store(i, row, low[i]);
    if (width > 4u) {
      store(4u + i, row, high[i]);
    }
  }
}

fn rowProduct(group: u32, local: u32) {
  let rowsPerGroup = 128u / slices;
  let slice = local % slices;
  let slot = local / slices * 2u;
  let firstRow = uniforms.firstRow + group * rowsPerGroup;
  let row0 = min(firstRow + slot, uniforms.rows - 1u);
  let row1 = min(firstRow + slot + 1u, uniforms.rows - 1u);
  var low0 = vec4f();
  var high0 = vec4f();
  var low1 = vec4f();
  var high1 = vec4f();
  for (var first = slice * quadsPerLane; first < uniforms.quads; first += slices * quadsPerLane) {
    for (var quad = first; quad < min(first + quadsPerLane, uniforms.quads); quad++) {
      let w0 = weightQuad(row0, quad);
      let w1 = weightQuad(row1, quad);
      let a = inputQuad(0u, quad);
      low0.x += dot(a, w0);
      low1.x += dot(a, w1);
      if (width > 1u) {
        let b = inputQuad(1u, quad);
        let c = inputQuad(2u, quad);
        let d = inputQuad(3u, quad);
        low0 += vec4f(0.0, dot(b, w0), dot(c, w0), dot(d, w0));
        low1 += vec4f(0.0, dot(b, w1), dot(c, w1), dot(d, w1));
      }
      if (width > 4u) {
        let e = inputQuad(4u, quad);
        let f = inputQuad(5u, quad);
        let g = inputQuad(6u, quad);
        let h = inputQuad(7u, quad);
        high0 += vec4f(dot(e, w0), dot(f, w0), dot(g, w0), dot(h, w0));
        high1 += vec4f(dot(e, w1), dot(f, w1), dot(g, w1), dot(h, w1));
      }
    }
  }
  if (slices == 1u) {
    storeTokens(firstRow + slot, low0, high0);
    storeTokens(firstRow + slot + 1u, low1, high1);
    return;
  }
  keep(slot, slice, low0, high0);
  keep(slot + 1u, slice, low1, high1);
  workgroupBarrier();
  for (var i = local; i < rowsPerGroup * width; i += 64u) {
    let first = (i % rowsPerGroup * width + i / rowsPerGroup) * slices;
    var sum = 0.0;
    for (var at = first; at < first + slices; at++) {
      sum += partial[at];
    }
    store(i / rowsPerGroup, firstRow + i % rowsPerGroup, sum);
  }
}
