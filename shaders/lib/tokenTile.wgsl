// lib/tileProduct for rows of x and y that lie one after the other: x [tokens, columns], y [tokens, rows].
// The importing kernel declares x and y (array<f32>), the fields of lib/tileFields, and rightAt(row, k).
#import "tileProduct.wgsl"

fn leftAt(token: u32, k: u32) -> f32 {
  return x[token * uniforms.columns + k];
}

fn outputAt(token: u32, row: u32) -> u32 {
  return token * uniforms.rows + row;
}

fn leftDepthFirst() -> bool {
  return true;
}
