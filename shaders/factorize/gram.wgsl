// The Gram matrix of the 32 rows of each pair of row blocks that meets in this round:
// partial[pair, split] = X·Xᵀ over the split's columns, X [32, columns] the 16 rows of both blocks.
// One workgroup per pair and split; invocation (x, y) of 8×8 holds 4×4 entries in registers.
#import "../lib/tournament.wgsl"

struct Uniforms {
  columns: u32,
  blocks: u32,
  round: u32,
  firstPair: u32,
  pairs: u32,
  splits: u32,
  columnsPerSplit: u32,
}

const depth = 32u;

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> rows: array<f32>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;

// [depth, 8] groups of four rows.
var<workgroup> tile: array<vec4f, 256>;

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.y * 8u + local.x;
  let pair = uniforms.firstPair + group.y;
  let blocks = tournament(uniforms.blocks, uniforms.round, pair);
  // Invocations 0–31 load the first block, 32–63 the second, one column each.
  let firstRow = 16u * select(blocks.x, blocks.y, lane >= 32u);
  let firstGroup = select(0u, 4u, lane >= 32u);
  let k = lane % depth;
  let begin = group.x * uniforms.columnsPerSplit;
  let end = min(begin + uniforms.columnsPerSplit, uniforms.columns);
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var k0 = begin; k0 < end; k0 += depth) {
    let column = k0 + k;
    for (var quad = 0u; quad < 4u; quad++) {
      var values = vec4f();
      if (column < end) {
        let at = (firstRow + quad * 4u) * uniforms.columns + column;
        values = vec4f(
          rows[at],
          rows[at + uniforms.columns],
          rows[at + 2u * uniforms.columns],
          rows[at + 3u * uniforms.columns],
        );
      }
      tile[k * 8u + firstGroup + quad] = values;
    }
    workgroupBarrier();
    var part0 = vec4f();
    var part1 = vec4f();
    var part2 = vec4f();
    var part3 = vec4f();
    for (var i = 0u; i < depth; i++) {
      let left = tile[i * 8u + local.y];
      let right = tile[i * 8u + local.x];
      part0 += left.x * right;
      part1 += left.y * right;
      part2 += left.z * right;
      part3 += left.w * right;
    }
    sum0 += part0;
    sum1 += part1;
    sum2 += part2;
    sum3 += part3;
    workgroupBarrier();
  }
  let at = (pair * uniforms.splits + group.x) * 1024u + local.y * 128u + local.x * 4u;
  for (var j = 0u; j < 4u; j++) {
    partial[at + j] = sum0[j];
    partial[at + 32u + j] = sum1[j];
    partial[at + 64u + j] = sum2[j];
    partial[at + 96u + j] = sum3[j];
  }
}
