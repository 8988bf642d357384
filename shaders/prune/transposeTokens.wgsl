// xT [columns, padded] = xᵀ, x [tokens, columns]; tokens beyond the last are zero. Through workgroup memory, so that
// both sides are read and written along their rows.
struct Uniforms {
  tokens: u32,
  columns: u32,
  padded: u32,
}

const side = 16u;

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> xT: array<f32>;

// One column more than needed, so that a column of the tile is not all in one bank.
var<workgroup> tile: array<f32, 272>;

@compute @workgroup_size(side, side)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let token = group.y * side + local.y;
  let column = group.x * side + local.x;
  var value = 0.0;
  if (token < uniforms.tokens && column < uniforms.columns) {
    value = x[token * uniforms.columns + column];
  }
  tile[local.y * (side + 1u) + local.x] = value;
  workgroupBarrier();
  let toColumn = group.x * side + local.y;
  let toToken = group.y * side + local.x;
  if (toColumn < uniforms.columns && toToken < uniforms.padded) {
    xT[toColumn * uniforms.padded + toToken] = tile[local.x * (side + 1u) + local.y];
  }
}
