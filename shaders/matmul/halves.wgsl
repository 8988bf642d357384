// Weights in float16, two in a word, rows padded to whole quads. They are decoded with functions that every WGSL has. The
// type f16 would need a feature (shader-f16) that software adapters and many mobile ones lack. Half of the bytes make
// reading faster; sums are float32 anyway.
// The importing kernel declares halves (array<vec2u>) and rowQuads(): the quads of a row.

// Below 2⁻¹⁴ a float16 is a multiple of 2⁻²⁴. Adapters may unpack such numbers to zero, so they are decoded here. On
// SwiftShader this takes 9.5 ms instead of 6.5 for one token of a [1024, 1024] weight.
fn floatsOf(word: u32) -> vec2f {
  let bits = vec2u(word & 0xffffu, word >> 16u);
  let magnitudes = bits & vec2u(0x7fffu);
  let signs = select(vec2f(0x1p-24), vec2f(-0x1p-24), bits != magnitudes);
  return select(unpack2x16float(word), vec2f(magnitudes) * signs, magnitudes < vec2u(0x400u));
}

fn weightQuad(row: u32, quad: u32) -> vec4f {
  let words = halves[row * rowQuads() + quad];
  return vec4f(floatsOf(words.x), floatsOf(words.y));
}

fn rightAt(row: u32, k: u32) -> f32 {
  let words = halves[row * rowQuads() + k / 4u];
  return floatsOf(words[k / 2u % 2u])[k % 2u];
}
