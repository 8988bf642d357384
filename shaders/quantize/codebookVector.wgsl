// y = x·Wᵀ (+ y) for up to 8 tokens, W codes of a codebook. Values are looked up for registers, so only codes are read.
#import "../lib/rowProduct.wgsl"
#import "codebook.wgsl"

struct Uniforms {
  #import "../lib/rowFields.wgsl"
  wordsPerRow: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> codes: array<u32>;
@group(0) @binding(3) var<storage, read> table: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  rowProduct(group.x, local);
}
