// y = x·Wᵀ (+ y) for up to 8 tokens, W in float16.
#import "../lib/rowProduct.wgsl"
#import "halves.wgsl"

struct Uniforms {
  #import "../lib/rowFields.wgsl"
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> halves: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn rowQuads() -> u32 {
  return uniforms.quads;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  rowProduct(group.x, local);
}
