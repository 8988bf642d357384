// c = alpha · op(a)·op(b) + beta · c where op(a) has at most `width` rows, of which b is read once; op by strides as in
// matmul.wgsl, those of c as well, so that few columns are few rows of the transposed product.
// A lane holds four columns, `lanes` apart; `slices` of them share the columns and take every slices-th k.
override width: u32 = 8u;
override lanes: u32 = 4u;
override slices: u32 = 16u;

struct Uniforms {
  m: u32,
  n: u32,
  aRow: u32,
  aDepth: u32,
  bDepth: u32,
  bColumn: u32,
  cRow: u32,
  cColumn: u32,
  firstColumn: u32,
  columns: u32,
  firstDepth: u32,
  lastDepth: u32,
  alpha: f32,
  beta: f32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

// [row, lane, slice]
var<workgroup> partial: array<vec4f, width * lanes * slices>;

fn leftAt(row: u32, k: u32) -> f32 {
  // Rows beyond the last are computed from the last, and not stored.
  return a[min(row, uniforms.m - 1u) * uniforms.aRow + k * uniforms.aDepth];
}

// A quad for each row; only ever indexed by constants, so that they stay in registers.
alias Sums = array<vec4f, 8>;

fn addAt(sums: ptr<function, Sums>, columns: vec4u, k: u32) {
  let at = columns + k * uniforms.bDepth;
  let right = vec4f(b[at.x], b[at.y], b[at.z], b[at.w]);
  sums[0] += leftAt(0u, k) * right;
  if (width > 1u) {
    sums[1] += leftAt(1u, k) * right;
    sums[2] += leftAt(2u, k) * right;
    sums[3] += leftAt(3u, k) * right;
  }
  if (width > 4u) {
    sums[4] += leftAt(4u, k) * right;
    sums[5] += leftAt(5u, k) * right;
    sums[6] += leftAt(6u, k) * right;
    sums[7] += leftAt(7u, k) * right;
  }
}

fn store(row: u32, column: u32, sum: f32) {
  if (row >= uniforms.m || column >= uniforms.n) {
    return;
  }
  let at = row * uniforms.cRow + column * uniforms.cColumn;
  var result = uniforms.alpha * sum;
  if (uniforms.beta != 0.0) {
    result += uniforms.beta * c[at];
  }
  c[at] = result;
}

fn storeQuad(row: u32, column: u32, sums: vec4f) {
  store(row, column, sums.x);
  store(row, column + lanes, sums.y);
  store(row, column + 2u * lanes, sums.z);
  store(row, column + 3u * lanes, sums.w);
}

// With one slice a sum is whole, and nothing is shared.
fn keep(row: u32, lane: u32, slice: u32, firstColumn: u32, own: vec4f) {
  if (slices == 1u) {
    storeQuad(row, firstColumn + lane, own);
  } else {
    partial[(row * lanes + lane) * slices + slice] = own;
  }
}

@compute @workgroup_size(lanes * slices)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  // Neighbours read neighbouring addresses whichever way b is stored.
  let byDepth = uniforms.bDepth == 1u;
  let lane = select(local % lanes, local / slices, byDepth);
  let slice = select(local / lanes, local % slices, byDepth);
  let firstColumn = uniforms.firstColumn + group.x * lanes * 4u;
  let columns =
    min(firstColumn + lane + vec4u(0u, 1u, 2u, 3u) * lanes, vec4u(uniforms.n - 1u)) * uniforms.bColumn;
  var sums = Sums();
  var k = uniforms.firstDepth + slice;
  // Four turns in one: they read independently of each other.
  for (; k + 3u * slices < uniforms.lastDepth; k += 4u * slices) {
    addAt(&sums, columns, k);
    addAt(&sums, columns, k + slices);
    addAt(&sums, columns, k + 2u * slices);
    addAt(&sums, columns, k + 3u * slices);
  }
  for (; k < uniforms.lastDepth; k += slices) {
    addAt(&sums, columns, k);
  }
  keep(0u, lane, slice, firstColumn, sums[0]);
  if (width > 1u) {
    keep(1u, lane, slice, firstColumn, sums[1]);
    keep(2u, lane, slice, firstColumn, sums[2]);
    keep(3u, lane, slice, firstColumn, sums[3]);
  }
  if (width > 4u) {
    keep(4u, lane, slice, firstColumn, sums[4]);
    keep(5u, lane, slice, firstColumn, sums[5]);
    keep(6u, lane, slice, firstColumn, sums[6]);
    keep(7u, lane, slice, firstColumn, sums[7]);
  }
  if (slices == 1u) {
    return;
  }
  // One barrier for all rows: lavapipe compiled a barrier and an unrolled sum for each of 8 rows of 32 slices in 31 s.
  workgroupBarrier();
  for (var i = local; i < width * lanes; i += lanes * slices) {
    var sum = partial[i * slices];
    for (var at = i * slices + 1u; at < (i + 1u) * slices; at++) {
      sum += partial[at];
    }
    storeQuad(i / lanes, firstColumn + i % lanes, sum);
  }
}
