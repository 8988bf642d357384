// The bits of |x|, for x as the bits of a float32: whole numbers that rise as magnitudes do, denormals included, which
// arithmetic on floats may flush to zero.
fn magnitude(bits: u32) -> u32 {
  return bits & 0x7fffffffu;
}
