// `kept` of every `group` columns: the values of a row in quads, their places within their group in placeBits each.
override placeBits: u32 = 2u;

struct Uniforms {
  #import "../lib/gatherFields.wgsl"
  kept: u32,
  group: u32,
  quadsPerRow: u32,
  wordsPerRow: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(2) var<storage, read> places: array<u32>;
@group(0) @binding(3) var<storage, read> values: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

fn rangeOf(row: u32) -> vec2u {
  return vec2u(row * uniforms.quadsPerRow, uniforms.quadsPerRow);
}

fn entryAt(row: u32, begin: u32, index: u32) -> Entry {
  let bit = index * 4u * placeBits;
  let word = places[row * uniforms.wordsPerRow + bit / 32u] >> (bit % 32u);
  let inGroup = (vec4u(word) >> (vec4u(0u, 1u, 2u, 3u) * placeBits)) & vec4u((1u << placeBits) - 1u);
  let groups = (index * 4u + vec4u(0u, 1u, 2u, 3u)) / uniforms.kept;
  // Entries beyond the last column are zeros.
  return Entry(values[begin + index], min(groups * uniforms.group + inGroup, vec4u(uniforms.columns - 1u)));
}
