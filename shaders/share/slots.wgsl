// Hash-shared weights: with i = offset + row·columns + column, run = ⌊i / slotCount⌋,
// W = scale · sign · slots[(mix(run ^ seed) + i mod slotCount) mod slotCount]. Nothing but the slots is stored.
// The sign is a row's times a column's: a row's is a bit of the hash of its first i, a column's bit k mod 32 of a hash
// of ⌊k / 32⌋, so that one hash serves 32 columns.
// The importing kernel declares slots (array<f32>) and the fields columns, slotCount, offset, seed and scale.

// The finaliser of murmur3: a bijection of 32 bits in which every input bit reaches every output bit.
fn mix(value: u32) -> u32 {
  var x = value;
  x = (x ^ (x >> 16u)) * 0x85ebca6bu;
  x = (x ^ (x >> 13u)) * 0xc2b2ae35u;
  return x ^ (x >> 16u);
}

fn slotOf(i: u32) -> u32 {
  return (mix((i / uniforms.slotCount) ^ uniforms.seed) % uniforms.slotCount + i % uniforms.slotCount)
    % uniforms.slotCount;
}

// Of the columns of k's word, one bit each; the constants keep the signs of columns and rows and the places apart.
fn signs(row: u32, k: u32) -> u32 {
  let first = uniforms.offset + row * uniforms.columns;
  let turned = mix(first ^ uniforms.seed ^ 0x7f4a7c15u) & 1u;
  return mix((k / 32u) ^ uniforms.seed ^ 0x9e3779b9u) ^ (0u - turned);
}

// 1 or −1.
fn signOf(word: u32, k: u32) -> f32 {
  return 1.0 - 2.0 * f32((word >> (k % 32u)) & 1u);
}

fn rightAt(row: u32, k: u32) -> f32 {
  let i = uniforms.offset + row * uniforms.columns + k;
  return uniforms.scale * signOf(signs(row, k), k) * slots[slotOf(i)];
}
