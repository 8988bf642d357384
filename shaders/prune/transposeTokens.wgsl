// xT [columns, padded] = xᵀ, x [tokens, columns]; tokens beyond the last are zero. Through workgroup memory (staged), so
// that both sides are read and written along their rows, or straight, without a barrier.
override staged: bool = true;

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

fn valueAt(token: u32, column: u32) -> f32 {
  if (token >= uniforms.tokens || column >= uniforms.columns) {
    return 0.0;
  }
  return x[token * uniforms.columns + column];
}

@compute @workgroup_size(side, side)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let token = group.y * side + local.x;
  let column = group.x * side + local.y;
  var value: f32;
  if (staged) {
    tile[local.y * (side + 1u) + local.x] = valueAt(group.y * side + local.y, group.x * side + local.x);
    workgroupBarrier();
    value = tile[local.x * (side + 1u) + local.y];
  } else {
    value = valueAt(token, column);
  }
  if (column < uniforms.columns && token < uniforms.padded) {
    xT[column * uniforms.padded + token] = value;
  }
}
