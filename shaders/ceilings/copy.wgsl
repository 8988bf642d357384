// copied = source, four values at a time: the rate at which the adapter's memory reads and writes.
struct Uniforms {
  quads: u32,
  workgroups: u32,
}

override workgroupSize: u32 = 64u;

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> copied: array<vec4f>;

@compute @workgroup_size(workgroupSize)
fn main(@builtin(global_invocation_id) global: vec3u) {
  let stride = uniforms.workgroups * workgroupSize;
  for (var at = global.x; at < uniforms.quads; at += stride) {
    copied[at] = source[at];
  }
}
