// dense [row, column] = W, quantised, for rowsHere rows from firstRow on.
#import "../lib/unpack.wgsl"
#import "codes.wgsl"

struct Uniforms {
  #import "../lib/unpackFields.wgsl"
  wordsPerRow: u32,
  blocks: u32,
  blockShift: u32,
  zeroPointBytes: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> codes: array<u32>;
@group(0) @binding(2) var<storage, read> scales: array<f32>;
@group(0) @binding(3) var<storage, read> zeroPoints: array<u32>;
@group(0) @binding(4) var<storage, read_write> dense: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) at: vec3u) {
  unpack(at.y, at.x);
}
