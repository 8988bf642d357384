// Writes ones on the diagonal of a matrix that is zero.
struct Uniforms {
  columns: u32,
}

override workgroupSize: u32 = 64u;

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> matrix: array<f32>;

@compute @workgroup_size(workgroupSize)
fn main(@builtin(global_invocation_id) global: vec3u) {
  if (global.x < uniforms.columns) {
    matrix[global.x * uniforms.columns + global.x] = 1.0;
  }
}
