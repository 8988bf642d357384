// y = x·Wᵀ (+ y) for up to 8 tokens, W quantised; weights are decoded in registers, so that their codes alone are read.
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

// A quad lies within one word and one block, as both hold a multiple of four weights.
fn weightQuad(row: u32, quad: u32) -> vec4f {
  let bit = quad * 4u * bits;
  let word = codes[row * uniforms.wordsPerRow + bit / 32u] >> (bit % 32u);
  let mask = (1u << bits) - 1u;
  let quadCodes = vec4f((vec4u(word) >> (vec4u(0u, 1u, 2u, 3u) * bits)) & vec4u(mask));
  let block = (quad * 4u) >> uniforms.blockShift;
  return (quadCodes - zeroPointOf(row, block)) * scales[row * uniforms.blocks + block];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  rowProduct(group.x, local);
}
