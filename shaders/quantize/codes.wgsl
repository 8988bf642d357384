// Weights in the layout of MatMulNBits: codes of `bits` bits, the lowest of a word first, with a scale and perhaps a
// zero point for each block of 2^blockShift columns.
// The importing kernel declares codes, scales, zeroPoints (arrays, of u32, f32, u32) and the fields wordsPerRow, blocks,
// blockShift, zeroPointBytes (in a row; 0: there are none).
override bits: u32 = 4u;

fn zeroPointOf(row: u32, block: u32) -> f32 {
  if (uniforms.zeroPointBytes == 0u) {
    return f32(1u << (bits - 1u));
  }
  let bit = block * bits;
  // Rows are whole bytes, not whole words.
  let byte = row * uniforms.zeroPointBytes + bit / 8u;
  return f32(extractBits(zeroPoints[byte / 4u], byte % 4u * 8u + bit % 8u, bits));
}

fn codeAt(row: u32, k: u32) -> f32 {
  let bit = k * bits;
  return f32(extractBits(codes[row * uniforms.wordsPerRow + bit / 32u], bit % 32u, bits));
}
