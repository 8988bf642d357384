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

fn finish(row: u32, column: u32, first: u32, own: vec4f) {
  var sum = own;
  for (var slice = 1u; slice < slices; slice++) {
    sum += partial[row * lanes * slices + first + slice];
  }
  for (var i = 0u; i < 4u; i++) {
    let j = column + i * lanes;
    if (row < uniforms.m && j < uniforms.n) {
      let at = row * uniforms.cRow + j * uniforms.cColumn;
      var result = uniforms.alpha * sum[i];
      if (uniforms.beta != 0.0) {
        result += uniforms.beta * c[at];
      }
      c[at] = result;
    }
  }
}

fn keep(row: u32, at: u32, sum: vec4f) {
  partial[row * lanes * slices + at] = sum;
}

@compute @workgroup_size(lanes * slices)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  // Neighbours read neighbouring addresses whichever way b is stored.
  let byDepth = uniforms.bDepth == 1u;
  let lane = select(local % lanes, local / slices, byDepth);
  let slice = select(local / lanes, local % slices, byDepth);
  let column = uniforms.firstColumn + group.x * lanes * 4u + lane;
  let columns = min(column + vec4u(0u, 1u, 2u, 3u) * lanes, vec4u(uniforms.n - 1u)) * uniforms.bColumn;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  var sum4 = vec4f();
  var sum5 = vec4f();
  var sum6 = vec4f();
  var sum7 = vec4f();
  for (var k = uniforms.firstDepth + slice; k < uniforms.lastDepth; k += slices) {
    let at = columns + k * uniforms.bDepth;
    let right = vec4f(b[at.x], b[at.y], b[at.z], b[at.w]);
    sum0 += leftAt(0u, k) * right;
    if (width > 1u) {
      sum1 += leftAt(1u, k) * right;
      sum2 += leftAt(2u, k) * right;
      sum3 += leftAt(3u, k) * right;
    }
    if (width > 4u) {
      sum4 += leftAt(4u, k) * right;
      sum5 += leftAt(5u, k) * right;
      sum6 += leftAt(6u, k) * right;
      sum7 += leftAt(7u, k) * right;
    }
  }
  let first = lane * slices;
  if (slices > 1u) {
    let at = first + slice;
    keep(0u, at, sum0);
    if (width > 1u) {
      keep(1u, at, sum1);
      keep(2u, at, sum2);
      keep(3u, at, sum3);
    }
    if (width > 4u) {
      keep(4u, at, sum4);
      keep(5u, at, sum5);
      keep(6u, at, sum6);
      keep(7u, at, sum7);
    }
    workgroupBarrier();
  }
  if (slice != 0u) {
    return;
  }
  finish(0u, column, first, sum0);
  if (width > 1u) {
    finish(1u, column, first, sum1);
    finish(2u, column, first, sum2);
    finish(3u, column, first, sum3);
  }
  if (width > 4u) {
    finish(4u, column, first, sum4);
    finish(5u, column, first, sum5);
    finish(6u, column, first, sum6);
    finish(7u, column, first, sum7);
  }
}
