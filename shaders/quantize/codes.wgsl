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

fn rightAt(row: u32, k: u32) -> f32 {
  let block = k >> uniforms.blockShift;
  return (codeAt(row, k) - zeroPointOf(row, block)) * scales[row * uniforms.blocks + block];
}

// A quad lies within one word and one block, as both hold a multiple of four weights.
fn weightQuad(row: u32, quad: u32) -> vec4f {
  let bit = quad * 4u * bits;
  let word = codes[row * uniforms.wordsPerRow + bit / 32u] >> (bit % 32u);
  let mask = (1u << bits) - 1u;
  let quadCodes = vec4f((vec4u(word) >> (vec4u(0u, 1u, 2u, 3u) * bits)) & vec4u(mask));
  let block = (quad * 4u) >> uniforms.blockShift;
  return (quadCodes - zeroPointOf(row, block)) * scales[row * uniforms.blocks + block];
}
