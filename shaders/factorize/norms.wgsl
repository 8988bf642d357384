// norms[i] = squared length of row i. One workgroup per row.
#import "../lib/sum.wgsl"

struct Uniforms {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> matrix: array<f32>;
@group(0) @binding(2) var<storage, read_write> norms: array<f32>;

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.x * uniforms.columns;
  var own = 0.0;
  for (var column = lane; column < uniforms.columns; column += workgroupSize) {
    let value = matrix[row + column];
    own += value * value;
  }
  let sum = workgroupSum(own, lane);
  if (lane == 0u) {
    norms[group.x] = sum;
  }
}
