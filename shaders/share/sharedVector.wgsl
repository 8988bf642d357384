// y = x·Wᵀ (+ y) for up to 8 tokens, W hash-shared.
#import "../lib/rowProduct.wgsl"
#import "slots.wgsl"

struct Uniforms {
  #import "../lib/rowFields.wgsl"
  columns: u32,
  #import "slotFields.wgsl"
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> slots: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

// Beyond the last column x is zero.
fn weightQuad(row: u32, quad: u32) -> vec4f {
  let k = quad * 4u;
  let i = row * uniforms.columns + k;
  let slot = slotOf(i);
  // Four neighbours lie together where neither a run nor the slots end between them.
  if (i % uniforms.run + 3u < uniforms.run && slot + 3u < uniforms.slotCount) {
    let values = vec4f(slots[slot], slots[slot + 1u], slots[slot + 2u], slots[slot + 3u]);
    let turned = rowHash(row);
    return values * vec4f(
      signOf(turned ^ hash(k)),
      signOf(turned ^ hash(k + 1u)),
      signOf(turned ^ hash(k + 2u)),
      signOf(turned ^ hash(k + 3u)),
    );
  }
  return vec4f(rightAt(row, k), rightAt(row, k + 1u), rightAt(row, k + 2u), rightAt(row, k + 3u));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  rowProduct(group.x, local);
}
