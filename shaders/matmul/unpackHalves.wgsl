// dense [row, column] = W, stored in float16, for rowsHere rows from firstRow on.
#import "../lib/unpack.wgsl"
#import "halves.wgsl"

struct Uniforms {
  #import "../lib/unpackFields.wgsl"
  quadsPerRow: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> halves: array<vec2u>;
@group(0) @binding(2) var<storage, read_write> dense: array<f32>;

fn rowQuads() -> u32 {
  return uniforms.quadsPerRow;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) at: vec3u) {
  unpack(at.y, at.x);
}
