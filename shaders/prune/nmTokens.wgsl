// y = x·Wᵀ (+ y) for many tokens, W N of M columns kept.
#import "../lib/gatherTokens.wgsl"
#import "nm.wgsl"

struct Uniforms {
  tokens: u32,
  firstOctet: u32,
  octetsHere: u32,
  rows: u32,
  firstRow: u32,
  rowsHere: u32,
  columns: u32,
  stride: u32,
  accumulate: u32,
  kept: u32,
  group: u32,
  quadsPerRow: u32,
  wordsPerRow: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> xT: array<vec4f>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read> values: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(octets, 64u / octets)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  gatherTokens(group.xy, local.xy);
}
