// y = x·Wᵀ (+ y) for few tokens, W N of M columns kept.
#import "../lib/gatherRow.wgsl"
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
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read> values: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  gatherRow(group.xy, local);
}
