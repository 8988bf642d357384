// The first fields of Uniforms in kernels made of lib/rowProduct.
  tokens: u32,
  firstToken: u32,
  rows: u32,
  firstRow: u32,
  rowsHere: u32,
  quads: u32,
  accumulate: u32,
