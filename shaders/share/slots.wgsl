// Hash-shared weights: with i = row·columns + column,
// W = sign · slots[(h(⌊i / run⌋) mod slotCount + i mod run) mod slotCount]; the sign is the highest bit of
// h(column), times that of h(columns + row). Nothing but the slots is stored.
// h(x) = c + x·(b + a·x) in 32 bits, a permutation of them (a is even, b odd).
// The importing kernel declares slots (array<f32>), columns and the fields of slotFields.wgsl.

fn hash(key: u32) -> u32 {
  return uniforms.hashC + key * (uniforms.hashB + uniforms.hashA * key);
}

fn slotOf(i: u32) -> u32 {
  return (hash(i / uniforms.run) % uniforms.slotCount + i % uniforms.run) % uniforms.slotCount;
}

// 1 or −1: the highest bit of a row's hash and a column's, combined by ^.
fn signOf(hashes: u32) -> f32 {
  return 1.0 - 2.0 * f32(hashes >> 31u);
}

fn rowHash(row: u32) -> u32 {
  return hash(uniforms.columns + row);
}

fn rightAt(row: u32, k: u32) -> f32 {
  let i = row * uniforms.columns + k;
  return signOf(rowHash(row) ^ hash(k)) * slots[slotOf(i)];
}
