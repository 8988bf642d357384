// turned[piece, column, row] (+)= x[piece, row, column], for `pieces` pieces from firstPiece on.
override workgroupSize: u32 = 64u;

struct Uniforms {
  rows: u32,
  columns: u32,
  firstPiece: u32,
  pieces: u32,
  accumulate: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> turned: array<f32>;

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let size = uniforms.rows * uniforms.columns;
  let at = group.x * workgroupSize + local;
  if (at >= size) {
    return;
  }
  let first = (uniforms.firstPiece + group.y) * size;
  let to = first + at % uniforms.columns * uniforms.rows + at / uniforms.columns;
  var value = x[first + at];
  if (uniforms.accumulate != 0u) {
    value += turned[to];
  }
  turned[to] = value;
}
