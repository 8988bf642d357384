// c = alpha · op(a)·op(b) + beta · c, for the part of c that starts at (firstRow, firstColumn).
// Strides define op: element (i, k) of op(a) is a[i·aRow + k·aDepth], (k, j) of op(b) is b[k·bDepth + j·bColumn],
// (i, j) of c is c[i·cRow + j·cColumn].
struct Uniforms {
  m: u32,
  n: u32,
  aRow: u32,
  aDepth: u32,
  bDepth: u32,
  bColumn: u32,
  cRow: u32,
  cColumn: u32,
  firstRow: u32,
  firstColumn: u32,
  rows: u32,
  columns: u32,
  firstDepth: u32,
  lastDepth: u32,
  alpha: f32,
  beta: f32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

fn extent() -> vec2u {
  return vec2u(uniforms.m, uniforms.n);
}

fn leftAt(row: u32, k: u32) -> f32 {
  return a[row * uniforms.aRow + k * uniforms.aDepth];
}

fn rightAt(column: u32, k: u32) -> f32 {
  return b[k * uniforms.bDepth + column * uniforms.bColumn];
}

fn store(row: u32, column: u32, sum: f32) {
  let at = row * uniforms.cRow + column * uniforms.cColumn;
  var result = uniforms.alpha * sum;
  if (uniforms.beta != 0.0) {
    result += uniforms.beta * c[at];
  }
  c[at] = result;
}
