// The first fields of Uniforms in kernels that make rows of a weight dense.
  columns: u32,
  firstRow: u32,
  rowsHere: u32,
