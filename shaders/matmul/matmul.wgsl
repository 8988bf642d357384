// strided.wgsl's product in square tiles.
#import "../lib/tile.wgsl"
#import "strided.wgsl"

fn leftDepthFirst() -> bool {
  return uniforms.aDepth == 1u;
}

fn rightDepthFirst() -> bool {
  return uniforms.bColumn != 1u;
}

@compute @workgroup_size(side, side)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  tile(uniforms.firstRow + group.y * side * 8u, uniforms.firstColumn + group.x * side * 8u, local.xy);
}
