// y = x·Wᵀ (+ y) for many tokens, W codes of a codebook; a weight is looked up once for 64 tokens.
#import "../lib/tokenTile.wgsl"
#import "codebook.wgsl"

struct Uniforms {
  #import "../lib/tileFields.wgsl"
  wordsPerRow: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> codes: array<u32>;
@group(0) @binding(3) var<storage, read> table: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(side, side)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  tileProduct(group.xy, local.xy);
}
