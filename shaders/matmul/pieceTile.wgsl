// One link of a chain of products: x is pieces [columns, behind], y pieces [rows, behind], and
// y[piece, row, r] = Σ_k x[piece, k, r]·weights[row, k]. Examples are a site of a tensor train, and the 1×1
// convolution before a kernel. Here a token of lib/tileProduct is a pair (piece, r).
#import "../lib/tileProduct.wgsl"

struct Uniforms {
  #import "../lib/tileFields.wgsl"
  behind: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn leftAt(token: u32, k: u32) -> f32 {
  let behind = uniforms.behind;
  return x[(token / behind * uniforms.columns + k) * behind + token % behind];
}

fn rightAt(row: u32, k: u32) -> f32 {
  return weights[row * uniforms.columns + k];
}

fn outputAt(token: u32, row: u32) -> u32 {
  let behind = uniforms.behind;
  return (token / behind * uniforms.rows + row) * behind + token % behind;
}

fn leftDepthFirst() -> bool {
  return uniforms.behind < 4u;
}

@compute @workgroup_size(side, side)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  tileProduct(group.xy, local.xy);
}
