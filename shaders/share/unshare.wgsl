// dense [row, column] = W, hash-shared, for rowsHere rows from firstRow on.
#import "slots.wgsl"

struct Uniforms {
  #import "../lib/unpackFields.wgsl"
  #import "slotFields.wgsl"
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> slots: array<f32>;
@group(0) @binding(2) var<storage, read_write> dense: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) at: vec3u) {
  if (at.x < uniforms.columns) {
    dense[at.y * uniforms.columns + at.x] = rightAt(uniforms.firstRow + at.y, at.x);
  }
}
