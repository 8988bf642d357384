// Compressed rows in quads: starts counts quads, a quad has four values and, in two words, four columns of 16 bits from
// firstColumn on.
struct Uniforms {
  #import "../lib/gatherFields.wgsl"
  firstColumn: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(2) var<storage, read> starts: array<u32>;
@group(0) @binding(3) var<storage, read> columnPairs: array<vec2u>;
@group(0) @binding(4) var<storage, read> values: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

fn rangeOf(row: u32) -> vec2u {
  let begin = starts[row];
  return vec2u(begin, starts[row + 1u] - begin);
}

fn entryAt(row: u32, begin: u32, index: u32) -> Entry {
  let pairs = columnPairs[begin + index];
  let columns = vec4u(pairs.x & 0xffffu, pairs.x >> 16u, pairs.y & 0xffffu, pairs.y >> 16u);
  return Entry(values[begin + index], columns + uniforms.firstColumn);
}
