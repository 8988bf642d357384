// counts[row] = how many magnitudes of the row are `threshold`. Rows are cuts of one list of `length` values.
#import "../lib/magnitude.wgsl"

struct Uniforms {
  length: u32,
  columns: u32,
  threshold: u32,
  firstRow: u32,
  rows: u32,
}

override workgroupSize: u32 = 64u;

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> values: array<u32>;
@group(0) @binding(2) var<storage, read_write> counts: array<u32>;

var<workgroup> count: atomic<u32>;

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = uniforms.firstRow + group.x;
  let end = min((row + 1u) * uniforms.columns, uniforms.length);
  var own = 0u;
  for (var at = row * uniforms.columns + lane; at < end; at += workgroupSize) {
    own += select(0u, 1u, magnitude(values[at]) == uniforms.threshold);
  }
  if (own > 0u) {
    atomicAdd(&count, own);
  }
  workgroupBarrier();
  if (lane == 0u) {
    counts[row] = atomicLoad(&count);
  }
}
