// y = x·Wᵀ (+ y) for many tokens, W N of M columns kept.
#import "../lib/gatherTokens.wgsl"
#import "nm.wgsl"

@group(0) @binding(1) var<storage, read> xT: array<vec4f>;

@compute @workgroup_size(octets, 64u / octets)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  gatherTokens(group.xy, local.xy);
}
