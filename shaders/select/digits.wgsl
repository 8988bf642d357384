// counts[d] += how many magnitudes of values[first .. last] that begin with `prefix` have the digit d at `shift`.
// A few workgroups stride over the range, so that each adds its own counts to everybody's once.
#import "../lib/magnitude.wgsl"

struct Uniforms {
  first: u32,
  last: u32,
  prefix: u32,
  prefixMask: u32,
  shift: u32,
  workgroups: u32,
}

override workgroupSize: u32 = 64u;
const digits = 2048u;

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> values: array<u32>;
@group(0) @binding(2) var<storage, read_write> counts: array<atomic<u32>>;

var<workgroup> own: array<atomic<u32>, digits>;

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let stride = uniforms.workgroups * workgroupSize;
  for (var at = uniforms.first + group.x * workgroupSize + lane; at < uniforms.last; at += stride) {
    let key = magnitude(values[at]);
    if ((key & uniforms.prefixMask) == uniforms.prefix) {
      atomicAdd(&own[(key >> uniforms.shift) & (digits - 1u)], 1u);
    }
  }
  workgroupBarrier();
  for (var digit = lane; digit < digits; digit += workgroupSize) {
    let count = atomicLoad(&own[digit]);
    if (count > 0u) {
      atomicAdd(&counts[digit], count);
    }
  }
}
