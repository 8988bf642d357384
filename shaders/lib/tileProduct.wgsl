// y = x·Wᵀ (+ y) in tiles of tokens by rows of W.
// The importing kernel declares y, the fields of lib/tileFields, leftAt(token, k), leftDepthFirst() and rightAt(row, k)
// as lib/tile has them, and outputAt(token, row): the place in y.
#import "tile.wgsl"

fn extent() -> vec2u {
  return vec2u(uniforms.tokens, uniforms.rows);
}

fn rightDepthFirst() -> bool {
  return true;
}

fn store(token: u32, row: u32, value: f32) {
  let at = outputAt(token, row);
  var sum = value;
  if (uniforms.accumulate != 0u || uniforms.firstDepth != 0u) {
    sum += y[at];
  }
  y[at] = sum;
}

fn tileProduct(group: vec2u, local: vec2u) {
  tile(uniforms.firstToken + group.y * side * 8u, uniforms.firstRow + group.x * side * 8u, local);
}
