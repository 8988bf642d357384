// dense [row, column] = W, codes of a codebook, for rowsHere rows from firstRow on.
#import "codebook.wgsl"

struct Uniforms {
  #import "../lib/unpackFields.wgsl"
  wordsPerRow: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> codes: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<f32>;
@group(0) @binding(3) var<storage, read_write> dense: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) at: vec3u) {
  let weights = weightQuad(uniforms.firstRow + at.y, min(at.x, (uniforms.columns - 1u) / 4u));
  for (var i = 0u; i < 4u; i++) {
    let column = at.x * 4u + i;
    if (column < uniforms.columns) {
      dense[at.y * uniforms.columns + column] = weights[i];
    }
  }
}
