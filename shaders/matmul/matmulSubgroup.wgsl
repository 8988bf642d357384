// strided.wgsl's product in wide tiles, whose rows a subgroup reads once.
#import "../lib/subgroupTile.wgsl"
#import "strided.wgsl"

@compute @workgroup_size(lanes)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  subgroupTile(uniforms.firstRow + group.y * height, uniforms.firstColumn + group.x * lanes * 4u + local, lane);
}
