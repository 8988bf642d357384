// Writes the weights 4·quad … 4·quad + 3 of row firstRow + row to dense, up to the last column.
// The importing kernel declares dense (array<f32>), the fields of lib/unpackFields, and weightQuad(row, quad).

fn unpack(row: u32, quad: u32) {
  let weights = weightQuad(uniforms.firstRow + row, min(quad, (uniforms.columns - 1u) / 4u));
  for (var i = 0u; i < 4u; i++) {
    let column = quad * 4u + i;
    if (column < uniforms.columns) {
      dense[row * uniforms.columns + column] = weights[i];
    }
  }
}
