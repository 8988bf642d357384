// c = alpha · op(a)·op(b) + beta · c, for the sum of c that starts at (firstRow, firstColumn).
// op is told by strides: element (i, k) of op(a) is a[i·aRow + k·aDepth], (k, j) of op(b) is b[k·bDepth + j·bColumn],
// (i, j) of c is c[i·cRow + j].
// A workgroup of side² invocations makes a tile of (8·side)² elements, each invocation 8×8 of them in registers.
// On SwiftShader (CPU time, 512³) 8×8 ran at 1.0 GFLOP/s a core, 4×4 at 0.4 to 0.55: operands are read half as often.
#import "../lib/storeRow.wgsl"

struct Uniforms {
  m: u32,
  n: u32,
  aRow: u32,
  aDepth: u32,
  bDepth: u32,
  bColumn: u32,
  cRow: u32,
  firstRow: u32,
  firstColumn: u32,
  rows: u32,
  columns: u32,
  firstDepth: u32,
  lastDepth: u32,
  alpha: f32,
  beta: f32,
}

override side: u32 = 16u;
const depth = 16u;

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

// [depth, 2·side] groups of four consecutive rows of op(a), and of four consecutive columns of op(b).
var<workgroup> tileA: array<vec4f, depth * side * 2u>;
var<workgroup> tileB: array<vec4f, depth * side * 2u>;

fn elementA(row: u32, k: u32) -> f32 {
  if (row >= uniforms.m || k >= uniforms.lastDepth) {
    return 0.0;
  }
  return a[row * uniforms.aRow + k * uniforms.aDepth];
}

fn elementB(k: u32, column: u32) -> f32 {
  if (column >= uniforms.n || k >= uniforms.lastDepth) {
    return 0.0;
  }
  return b[k * uniforms.bDepth + column * uniforms.bColumn];
}

// Neighbouring invocations read neighbouring addresses whichever way the operand is stored: (k, group).
fn place(entry: u32, depthIsContiguous: bool) -> vec2u {
  let groups = side * 2u;
  return select(vec2u(entry / groups, entry % groups), vec2u(entry % depth, entry / depth), depthIsContiguous);
}

fn store(row: u32, column: u32, value: f32) {
  if (row < uniforms.m && column < uniforms.n) {
    let at = row * uniforms.cRow + column;
    var result = uniforms.alpha * value;
    if (uniforms.beta != 0.0) {
      result += uniforms.beta * c[at];
    }
    c[at] = result;
  }
}

@compute @workgroup_size(side, side)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.y * side + local.x;
  let groups = side * 2u;
  let tileRow = uniforms.firstRow + group.y * side * 8u;
  let tileColumn = uniforms.firstColumn + group.x * side * 8u;
  var sum0a = vec4f();
  var sum0b = vec4f();
  var sum1a = vec4f();
  var sum1b = vec4f();
  var sum2a = vec4f();
  var sum2b = vec4f();
  var sum3a = vec4f();
  var sum3b = vec4f();
  var sum4a = vec4f();
  var sum4b = vec4f();
  var sum5a = vec4f();
  var sum5b = vec4f();
  var sum6a = vec4f();
  var sum6b = vec4f();
  var sum7a = vec4f();
  var sum7b = vec4f();
  for (var k0 = uniforms.firstDepth; k0 < uniforms.lastDepth; k0 += depth) {
    for (var entry = lane; entry < depth * groups; entry += side * side) {
      let atA = place(entry, uniforms.aDepth == 1u);
      let row = tileRow + atA.y * 4u;
      let kA = k0 + atA.x;
      tileA[atA.x * groups + atA.y] =
        vec4f(elementA(row, kA), elementA(row + 1u, kA), elementA(row + 2u, kA), elementA(row + 3u, kA));
      let atB = place(entry, uniforms.bColumn != 1u);
      let column = tileColumn + atB.y * 4u;
      let kB = k0 + atB.x;
      tileB[atB.x * groups + atB.y] =
        vec4f(elementB(kB, column), elementB(kB, column + 1u), elementB(kB, column + 2u), elementB(kB, column + 3u));
    }
    workgroupBarrier();
    for (var k = 0u; k < depth; k++) {
      let low = tileA[k * groups + local.y * 2u];
      let high = tileA[k * groups + local.y * 2u + 1u];
      let left = tileB[k * groups + local.x * 2u];
      let right = tileB[k * groups + local.x * 2u + 1u];
      sum0a += low.x * left;
      sum0b += low.x * right;
      sum1a += low.y * left;
      sum1b += low.y * right;
      sum2a += low.z * left;
      sum2b += low.z * right;
      sum3a += low.w * left;
      sum3b += low.w * right;
      sum4a += high.x * left;
      sum4b += high.x * right;
      sum5a += high.y * left;
      sum5b += high.y * right;
      sum6a += high.z * left;
      sum6b += high.z * right;
      sum7a += high.w * left;
      sum7b += high.w * right;
    }
    workgroupBarrier();
  }
  let row = tileRow + local.y * 8u;
  let column = tileColumn + local.x * 8u;
  storeRow(row, column, sum0a, sum0b);
  storeRow(row + 1u, column, sum1a, sum1b);
  storeRow(row + 2u, column, sum2a, sum2b);
  storeRow(row + 3u, column, sum3a, sum3b);
  storeRow(row + 4u, column, sum4a, sum4b);
  storeRow(row + 5u, column, sum5a, sum5b);
  storeRow(row + 6u, column, sum6a, sum6b);
  storeRow(row + 7u, column, sum7a, sum7b);
}
