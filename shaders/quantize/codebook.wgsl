// Weights that are codes of `bits` bits, the lowest of a word first, rows in whole words: W = table[code].
// The importing kernel declares codes (array<u32>), table (array<f32>) and the field wordsPerRow.
override bits: u32 = 4u;

fn rightAt(row: u32, k: u32) -> f32 {
  let bit = k * bits;
  return table[extractBits(codes[row * uniforms.wordsPerRow + bit / 32u], bit % 32u, bits)];
}

// A quad lies within one word.
fn weightQuad(row: u32, quad: u32) -> vec4f {
  let bit = quad * 4u * bits;
  let word = codes[row * uniforms.wordsPerRow + bit / 32u] >> (bit % 32u);
  let mask = (1u << bits) - 1u;
  let each = (vec4u(word) >> (vec4u(0u, 1u, 2u, 3u) * bits)) & vec4u(mask);
  return vec4f(table[each.x], table[each.y], table[each.z], table[each.w]);
}
