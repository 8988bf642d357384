// One bit per value, the lowest first, each row in whole words: set where the magnitude is above its row's threshold t,
// and at the first e places where it is t; thresholds[row] = (t, e). Rows may be cuts of one list of `length` values.
// One workgroup per row; an invocation makes one word of 32 values at a time.
#import "../lib/magnitude.wgsl"

struct Uniforms {
  length: u32,
  columns: u32,
  firstRow: u32,
  rows: u32,
}

override workgroupSize: u32 = 64u;

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> values: array<u32>;
@group(0) @binding(2) var<storage, read> thresholds: array<u32>;
@group(0) @binding(3) var<storage, read_write> mask: array<u32>;

var<workgroup> ties: array<u32, workgroupSize>;

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = uniforms.firstRow + group.x;
  let threshold = thresholds[2u * row];
  let kept = thresholds[2u * row + 1u];
  let begin = row * uniforms.columns;
  let columns = min(uniforms.columns, uniforms.length - begin);
  let words = (columns + 31u) / 32u;
  let firstWord = row * ((uniforms.columns + 31u) / 32u);
  var before = 0u;
  for (var first = 0u; first < words; first += workgroupSize) {
    let word = first + lane;
    var above = 0u;
    var equal = 0u;
    if (word < words) {
      let count = min(32u, columns - 32u * word);
      for (var bit = 0u; bit < count; bit++) {
        let key = magnitude(values[begin + 32u * word + bit]);
        above |= select(0u, 1u, key > threshold) << bit;
        equal |= select(0u, 1u, key == threshold) << bit;
      }
    }
    // Hillis and Steele's scan: ties[lane] becomes the ties up to and with this lane's.
    ties[lane] = countOneBits(equal);
    for (var step = 1u; step < workgroupSize; step *= 2u) {
      workgroupBarrier();
      let left = select(0u, ties[max(lane, step) - step], lane >= step);
      workgroupBarrier();
      ties[lane] += left;
    }
    workgroupBarrier();
    let all = ties[workgroupSize - 1u];
    // The places left for this lane's ties go to its lowest bits.
    let taken = before + ties[lane] - countOneBits(equal);
    for (var left = select(0u, kept - taken, kept > taken); left > 0u && equal != 0u; left--) {
      let lowest = equal & (~equal + 1u);
      above |= lowest;
      equal ^= lowest;
    }
    if (word < words) {
      mask[firstWord + word] = above;
    }
    before += all;
    workgroupBarrier();
  }
}
