// y = x·Wᵀ (+ y) for many tokens, W hash-shared; a weight is hashed once for 64 tokens.
#import "../lib/tileProduct.wgsl"
#import "slots.wgsl"

struct Uniforms {
  #import "../lib/tileFields.wgsl"
  #import "slotFields.wgsl"
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> slots: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn leftAt(token: u32, k: u32) -> f32 {
  return x[token * uniforms.columns + k];
}

fn outputAt(token: u32, row: u32) -> u32 {
  return token * uniforms.rows + row;
}

fn leftDepthFirst() -> bool {
  return true;
}

@compute @workgroup_size(side, side)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  tileProduct(group.xy, local.xy);
}
