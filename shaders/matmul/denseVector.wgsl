// y = x·Wᵀ (+ y) for up to 8 tokens; rows of W are padded with zeros to whole quads, those of x as well.
#import "../lib/rowProduct.wgsl"

struct Uniforms {
  tokens: u32,
  firstToken: u32,
  rows: u32,
  firstRow: u32,
  rowsHere: u32,
  quads: u32,
  accumulate: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn weightQuad(row: u32, quad: u32) -> vec4f {
  return weights[row * uniforms.quads + quad];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  rowProduct(group.x, local);
}
