// sorted[i] = matrix[order[i]], row by row.
struct Uniforms {
  rows: u32,
  columns: u32,
}

override workgroupSize: u32 = 64u;

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> matrix: array<f32>;
@group(0) @binding(2) var<storage, read> order: array<u32>;
@group(0) @binding(3) var<storage, read_write> sorted: array<f32>;

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = group.x * workgroupSize + lane;
  if (column < uniforms.columns) {
    sorted[group.y * uniforms.columns + column] = matrix[order[group.y] * uniforms.columns + column];
  }
}
