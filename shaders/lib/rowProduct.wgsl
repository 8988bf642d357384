// y[token, row] = Σ_k x[token, k]·W[row, k] for up to 8 tokens, reading W once.
// Sixteen invocations share a row, so that neighbours read neighbouring weights; each holds two rows, so that a quad of
// x serves twice. `width` tokens are computed in registers: a variant for 1, 4 and 8, since a loop over an indexed
// array would spill.
// The importing kernel declares x (array<vec4f>), y, the fields tokens, firstToken, rows, firstRow, quads and
// accumulate, and weightQuad(row, quad): W[row, 4·quad … 4·quad + 3].
override width: u32 = 8u;
// Consecutive quads that one invocation takes: as many as a word of packed weights holds.
override quadsPerLane: u32 = 1u;

const lanes = 16u;
const rowsPerGroup = 8u;
// [row, token, lane]
var<workgroup> partial: array<f32, rowsPerGroup * width * lanes>;

fn inputQuad(token: u32, quad: u32) -> vec4f {
  // Tokens beyond the last are computed from the last, and not stored.
  return x[(uniforms.firstToken + min(token, uniforms.tokens - 1u)) * uniforms.quads + quad];
}

fn keep(slot: u32, lane: u32, low: vec4f, high: vec4f) {
  let at = slot * width * lanes + lane;
  partial[at] = low.x;
  if (width > 1u) {
    partial[at + lanes] = low.y;
    partial[at + 2u * lanes] = low.z;
    partial[at + 3u * lanes] = low.w;
  }
  if (width > 4u) {
    partial[at + 4u * lanes] = high.x;
    partial[at + 5u * lanes] = high.y;
    partial[at + 6u * lanes] = high.z;
    partial[at + 7u * lanes] = high.w;
  }
}

fn rowProduct(group: u32, local: u32) {
  let lane = local % lanes;
  let slot = local / lanes * 2u;
  let firstRow = uniforms.firstRow + group * rowsPerGroup;
  let row0 = min(firstRow + slot, uniforms.rows - 1u);
  let row1 = min(firstRow + slot + 1u, uniforms.rows - 1u);
  var low0 = vec4f();
  var high0 = vec4f();
  var low1 = vec4f();
  var high1 = vec4f();
  for (var first = lane * quadsPerLane; first < uniforms.quads; first += lanes * quadsPerLane) {
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
  keep(slot, lane, low0, high0);
  keep(slot + 1u, lane, low1, high1);
  workgroupBarrier();
  if (local >= rowsPerGroup * width) {
    return;
  }
  let token = local / rowsPerGroup;
  let row = firstRow + local % rowsPerGroup;
  if (token >= uniforms.tokens || row >= uniforms.rows) {
    return;
  }
  var sum = 0.0;
  let at = (local % rowsPerGroup * width + token) * lanes;
  for (var i = 0u; i < lanes; i++) {
    sum += partial[at + i];
  }
  let to = (uniforms.firstToken + token) * uniforms.rows + row;
  if (uniforms.accumulate != 0u) {
    sum += y[to];
  }
  y[to] = sum;
}
