// y = x·Wᵀ (+ y) for few tokens, W N of M columns kept.
#import "../lib/gatherRow.wgsl"
#import "nm.wgsl"

@group(0) @binding(1) var<storage, read> x: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  gatherRow(group.xy, local);
}
