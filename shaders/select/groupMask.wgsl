// N:M sparsity: one bit per value, the lowest first, each row in whole words: set at the `keep` largest magnitudes of
// every `size` consecutive values of a row, earlier ones first where they are equal. `size` divides 32; a row's last
// group may be shorter. An invocation makes one word.
#import "../lib/magnitude.wgsl"

struct Uniforms {
  columns: u32,
  size: u32,
  keep: u32,
  firstRow: u32,
  rows: u32,
}

override workgroupSize: u32 = 64u;

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> values: array<u32>;
@group(0) @binding(2) var<storage, read_write> mask: array<u32>;

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let words = (uniforms.columns + 31u) / 32u;
  let word = group.x * workgroupSize + lane;
  let row = uniforms.firstRow + group.y;
  if (word >= words) {
    return;
  }
  let begin = row * uniforms.columns + 32u * word;
  let count = min(32u, uniforms.columns - 32u * word);
  var bits = 0u;
  for (var i = 0u; i < count; i++) {
    let key = magnitude(values[begin + i]);
    let first = i - i % uniforms.size;
    let last = min(first + uniforms.size, count);
    var larger = 0u;
    for (var j = first; j < last; j++) {
      let other = magnitude(values[begin + j]);
      larger += select(0u, 1u, other > key || (other == key && j < i));
    }
    bits |= select(0u, 1u, larger < uniforms.keep) << i;
  }
  mask[row * words + word] = bits;
}
