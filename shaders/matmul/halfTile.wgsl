// y = x·Wᵀ (+ y) for many tokens, W in float16; a weight is decoded once a tile.
#import "../lib/tokenTile.wgsl"
#import "halves.wgsl"

struct Uniforms {
  #import "../lib/tileFields.wgsl"
  quadsPerRow: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> halves: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn rowQuads() -> u32 {
  return uniforms.quadsPerRow;
}

@compute @workgroup_size(side, side)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  tileProduct(group.xy, local.xy);
}
