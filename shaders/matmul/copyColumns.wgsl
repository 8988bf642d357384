// copy[token, firstColumn + column] (+)= x[token, column], with rows of copy `stride` apart. Columns after the last one of x,
// up to `written`, become zero.
override workgroupSize: u32 = 64u;

struct Uniforms {
  columns: u32,
  written: u32,
  stride: u32,
  firstColumn: u32,
  firstToken: u32,
  tokens: u32,
  accumulate: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> copy: array<f32>;

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let column = group.x * workgroupSize + local;
  let token = uniforms.firstToken + group.y;
  if (column >= uniforms.written) {
    return;
  }
  var value = 0.0;
  if (column < uniforms.columns) {
    value = x[token * uniforms.columns + column];
  }
  let to = token * uniforms.stride + uniforms.firstColumn + column;
  if (uniforms.accumulate != 0u) {
    value += copy[to];
  }
  copy[to] = value;
}
