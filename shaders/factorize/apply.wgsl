// X ← Q·X for the 32 rows X of every pair of blocks that meets in this round, Q [32, 32] the pair's rotation.
// One invocation per column holds its 32 entries in registers, so that the product is made in place.
#import "../lib/tournament.wgsl"

struct Uniforms {
  columns: u32,
  blocks: u32,
  round: u32,
  firstPair: u32,
  pairs: u32,
}

override workgroupSize: u32 = 64u;

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> rotations: array<vec4f>;
@group(0) @binding(2) var<storage, read> changed: array<u32>;
@group(0) @binding(3) var<storage, read_write> rows: array<f32>;

var<workgroup> q: array<vec4f, 256>;

fn load(at: u32) -> vec4f {
  let stride = uniforms.columns;
  return vec4f(rows[at], rows[at + stride], rows[at + 2u * stride], rows[at + 3u * stride]);
}

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let pair = uniforms.firstPair + group.y;
  if (changed[pair] == 0u) {
    return;
  }
  for (var entry = lane; entry < 256u; entry += workgroupSize) {
    q[entry] = rotations[pair * 256u + entry];
  }
  workgroupBarrier();
  let column = group.x * workgroupSize + lane;
  if (column >= uniforms.columns) {
    return;
  }
  let blocks = tournament(uniforms.blocks, uniforms.round, pair);
  let first = blocks.x * 16u * uniforms.columns + column;
  let second = blocks.y * 16u * uniforms.columns + column;
  let quad = 4u * uniforms.columns;
  let x0 = load(first);
  let x1 = load(first + quad);
  let x2 = load(first + 2u * quad);
  let x3 = load(first + 3u * quad);
  let x4 = load(second);
  let x5 = load(second + quad);
  let x6 = load(second + 2u * quad);
  let x7 = load(second + 3u * quad);
  for (var i = 0u; i < 32u; i++) {
    let row = i * 8u;
    let sum = dot(q[row], x0) + dot(q[row + 1u], x1) + dot(q[row + 2u], x2) + dot(q[row + 3u], x3)
      + dot(q[row + 4u], x4) + dot(q[row + 5u], x5) + dot(q[row + 6u], x6) + dot(q[row + 7u], x7);
    rows[select(second + (i - 16u) * uniforms.columns, first + i * uniforms.columns, i < 16u)] = sum;
  }
}
