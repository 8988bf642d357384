// Compressed rows of dense blocks [height, 4·widthQuads], each stored row by row; starts counts blocks.
struct Uniforms {
  #import "../lib/gatherFields.wgsl"
  height: u32,
  widthQuads: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(2) var<storage, read> starts: array<u32>;
@group(0) @binding(3) var<storage, read> blockColumns: array<u32>;
@group(0) @binding(4) var<storage, read> values: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

fn rangeOf(row: u32) -> vec2u {
  let blockRow = row / uniforms.height;
  let begin = starts[blockRow];
  return vec2u(begin, (starts[blockRow + 1u] - begin) * uniforms.widthQuads);
}

fn entryAt(row: u32, begin: u32, index: u32) -> Entry {
  let block = begin + index / uniforms.widthQuads;
  let quad = index % uniforms.widthQuads;
  let first = (blockColumns[block] * uniforms.widthQuads + quad) * 4u;
  let columns = min(first + vec4u(0u, 1u, 2u, 3u), vec4u(uniforms.columns - 1u));
  return Entry(values[(block * uniforms.height + row % uniforms.height) * uniforms.widthQuads + quad], columns);
}
