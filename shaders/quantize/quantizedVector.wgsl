// y = x·Wᵀ (+ y) for up to 8 tokens, W quantised; weights are decoded in registers, so only codes are read.
#import "../lib/rowProduct.wgsl"
#import "codes.wgsl"

struct Uniforms {
  #import "../lib/rowFields.wgsl"
  wordsPerRow: u32,
  blocks: u32,
  blockShift: u32,
  zeroPointBytes: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> codes: array<u32>;
@group(0) @binding(3) var<storage, read> scales: array<f32>;
@group(0) @binding(4) var<storage, read> zeroPoints: array<u32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  rowProduct(group.x, local);
}
