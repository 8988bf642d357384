// One site of a tensor train's product: for every prefix p (token and the outputs made so far) and every rest r (the
// inputs yet to come), output[p, row, r] = Σ_k input[p, k, r]·core[row, k]; row is (output index, bond to the right),
// k is (bond to the left, input index). What lib/tileProduct calls a token is a pair (p, r) here.
#import "../lib/tileProduct.wgsl"

struct Uniforms {
  #import "../lib/tileFields.wgsl"
  rest: u32,
  inputOrigin: u32,
  outputOrigin: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> core: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn leftAt(token: u32, k: u32) -> f32 {
  let rest = uniforms.rest;
  return x[uniforms.inputOrigin + (token / rest * uniforms.columns + k) * rest + token % rest];
}

fn rightAt(row: u32, k: u32) -> f32 {
  return core[row * uniforms.columns + k];
}

fn outputAt(token: u32, row: u32) -> u32 {
  let rest = uniforms.rest;
  return uniforms.outputOrigin + (token / rest * uniforms.rows + row) * rest + token % rest;
}

fn leftDepthFirst() -> bool {
  return uniforms.rest < 4u;
}

@compute @workgroup_size(side, side)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  tileProduct(group.xy, local.xy);
}
