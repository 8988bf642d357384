// c = alpha · op(a)·op(b) + beta · c, for the part of c that starts at (firstRow, firstColumn).
// op is told by strides: element (i, k) of op(a) is a[i·aRow + k·aDepth], (k, j) of op(b) is b[k·bDepth + j·bColumn].
// A workgroup of side² invocations makes a tile of (4·side)² elements, each invocation 4×4 of them in registers.
struct Uniforms {
  m: u32,
  n: u32,
  k: u32,
  aRow: u32,
  aDepth: u32,
  bDepth: u32,
  bColumn: u32,
  firstRow: u32,
  firstColumn: u32,
  rows: u32,
  columns: u32,
  alpha: f32,
  beta: f32,
}

override side: u32 = 16u;
const depth = 16u;

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

// [depth, side] groups of four consecutive rows of op(a), and of four consecutive columns of op(b).
var<workgroup> tileA: array<vec4f, depth * side>;
var<workgroup> tileB: array<vec4f, depth * side>;

fn elementA(row: u32, k: u32) -> f32 {
  if (row >= uniforms.m || k >= uniforms.k) {
    return 0.0;
  }
  return a[row * uniforms.aRow + k * uniforms.aDepth];
}

fn elementB(k: u32, column: u32) -> f32 {
  if (column >= uniforms.n || k >= uniforms.k) {
    return 0.0;
  }
  return b[k * uniforms.bDepth + column * uniforms.bColumn];
}

// Neighbouring invocations read neighbouring addresses whichever way the operand is stored: (k, group).
fn place(entry: u32, depthIsContiguous: bool) -> vec2u {
  return select(vec2u(entry / side, entry % side), vec2u(entry % depth, entry / depth), depthIsContiguous);
}

fn store(row: u32, column: u32, value: f32) {
  if (row < uniforms.m && column < uniforms.n) {
    let at = row * uniforms.n + column;
    var result = uniforms.alpha * value;
    if (uniforms.beta != 0.0) {
      result += uniforms.beta * c[at];
    }
    c[at] = result;
  }
}

fn storeRow(row: u32, column: u32, values: vec4f) {
  store(row, column, values.x);
  store(row, column + 1u, values.y);
  store(row, column + 2u, values.z);
  store(row, column + 3u, values.w);
}

@compute @workgroup_size(side, side)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.y * side + local.x;
  let tileRow = uniforms.firstRow + group.y * side * 4u;
  let tileColumn = uniforms.firstColumn + group.x * side * 4u;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var k0 = 0u; k0 < uniforms.k; k0 += depth) {
    for (var entry = lane; entry < depth * side; entry += side * side) {
      let atA = place(entry, uniforms.aDepth == 1u);
      let row = tileRow + atA.y * 4u;
      let kA = k0 + atA.x;
      tileA[atA.x * side + atA.y] =
        vec4f(elementA(row, kA), elementA(row + 1u, kA), elementA(row + 2u, kA), elementA(row + 3u, kA));
      let atB = place(entry, uniforms.bColumn != 1u);
      let column = tileColumn + atB.y * 4u;
      let kB = k0 + atB.x;
      tileB[atB.x * side + atB.y] =
        vec4f(elementB(kB, column), elementB(kB, column + 1u), elementB(kB, column + 2u), elementB(kB, column + 3u));
    }
    workgroupBarrier();
    // Summed per tile first: rounding then grows with √depth + √(k/depth) instead of √k.
    var part0 = vec4f();
    var part1 = vec4f();
    var part2 = vec4f();
    var part3 = vec4f();
    for (var k = 0u; k < depth; k++) {
      let rows = tileA[k * side + local.y];
      let columns = tileB[k * side + local.x];
      part0 += rows.x * columns;
      part1 += rows.y * columns;
      part2 += rows.z * columns;
      part3 += rows.w * columns;
    }
    sum0 += part0;
    sum1 += part1;
    sum2 += part2;
    sum3 += part3;
    workgroupBarrier();
  }
  let row = tileRow + local.y * 4u;
  let column = tileColumn + local.x * 4u;
  storeRow(row, column, sum0);
  storeRow(row + 1u, column, sum1);
  storeRow(row + 2u, column, sum2);
  storeRow(row + 3u, column, sum3);
}
