// copy[token, i] = x[token, places[i]], for `tokens` tokens from firstToken on.
override workgroupSize: u32 = 64u;

struct Uniforms {
  columns: u32,
  picked: u32,
  firstToken: u32,
  tokens: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read_write> copy: array<f32>;

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = group.x * workgroupSize + local;
  let token = uniforms.firstToken + group.y;
  if (i < uniforms.picked) {
    copy[token * uniforms.picked + i] = x[token * uniforms.columns + places[i]];
  }
}
