// scaled[row, column] = matrix[row, column]·diagonal[column].
override workgroupSize: u32 = 64u;

struct Uniforms {
  columns: u32,
  firstRow: u32,
  rows: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> matrix: array<f32>;
@group(0) @binding(2) var<storage, read> diagonal: array<f32>;
@group(0) @binding(3) var<storage, read_write> scaled: array<f32>;

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let column = group.x * workgroupSize + local;
  if (column >= uniforms.columns) {
    return;
  }
  let at = (uniforms.firstRow + group.y) * uniforms.columns + column;
  scaled[at] = matrix[at] * diagonal[column];
}
