// The rate at which the adapter multiplies and adds: each invocation runs eight independent chains of four-wide x ← x·factor + term
// in registers, long enough that nothing else counts. sums keeps the chains from being optimised away.
struct Uniforms {
  steps: u32,
  workgroups: u32,
  factor: f32,
  term: f32,
}

override workgroupSize: u32 = 64u;

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> sums: array<f32>;

@compute @workgroup_size(workgroupSize)
fn main(@builtin(global_invocation_id) global: vec3u) {
  let factor = vec4f(uniforms.factor);
  let term = vec4f(uniforms.term);
  let start = vec4f(0.0, 1.0, 2.0, 3.0) + f32(global.x % 16u);
  var x0 = start;
  var x1 = start + 4.0;
  var x2 = start + 8.0;
  var x3 = start + 12.0;
  var x4 = start + 16.0;
  var x5 = start + 20.0;
  var x6 = start + 24.0;
  var x7 = start + 28.0;
  for (var step = 0u; step < uniforms.steps; step++) {
    x0 = fma(x0, factor, term);
    x1 = fma(x1, factor, term);
    x2 = fma(x2, factor, term);
    x3 = fma(x3, factor, term);
    x4 = fma(x4, factor, term);
    x5 = fma(x5, factor, term);
    x6 = fma(x6, factor, term);
    x7 = fma(x7, factor, term);
  }
  sums[global.x] = dot(((x0 + x1) + (x2 + x3)) + ((x4 + x5) + (x6 + x7)), vec4f(1.0));
}
