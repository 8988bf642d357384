// Hash-shared weights: with i = offset + row·columns + column, run = ⌊i / slotCount⌋,
// W = scale · sign(i) · slots[(mix(run ^ seed) + i mod slotCount) mod slotCount]. Nothing but the slots is stored.
// sign(i) is bit i mod 32 of a hash of ⌊i / 32⌋: one hash serves 32 weights.
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

// 1 or −1; the constant keeps signs and places apart.
fn signs(i: u32) -> u32 {
  return mix((i / 32u) ^ uniforms.seed ^ 0x9e3779b9u);
}

fn signOf(word: u32, i: u32) -> f32 {
  return 1.0 - 2.0 * f32((word >> (i % 32u)) & 1u);
}

fn rightAt(row: u32, k: u32) -> f32 {
  let i = uniforms.offset + row * uniforms.columns + k;
  return uniforms.scale * signOf(signs(i), i) * slots[slotOf(i)];
}
