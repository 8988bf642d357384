// thresholds[row] = (t, e): the `keep` largest magnitudes of a row are those above t, and the first e of those that are t.
// (0xffffffff, 0) where nothing is kept. One workgroup per row finds t digit by digit, from the highest.
#import "../lib/magnitude.wgsl"

struct Uniforms {
  columns: u32,
  keep: u32,
  firstRow: u32,
  rows: u32,
}

override workgroupSize: u32 = 64u;

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> values: array<u32>;
@group(0) @binding(2) var<storage, read_write> thresholds: array<u32>;

var<workgroup> counts: array<atomic<u32>, 256>;
// The leading digits of t that are known, and how many of the magnitudes that begin with them are still to be kept.
var<workgroup> known: vec2u;

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = uniforms.firstRow + group.x;
  let begin = row * uniforms.columns;
  var prefix = 0u;
  var mask = 0u;
  var wanted = min(uniforms.keep, uniforms.columns);
  if (wanted == 0u) {
    if (lane == 0u) {
      thresholds[2u * row] = 0xffffffffu;
      thresholds[2u * row + 1u] = 0u;
    }
    return;
  }
  for (var turn = 0u; turn < 4u; turn++) {
    // Digits of 8 bits from bit 30 down; the last has 7.
    let shift = select(23u - 8u * turn, 0u, turn == 3u);
    let digits = select(256u, 128u, turn == 3u);
    for (var digit = lane; digit < digits; digit += workgroupSize) {
      atomicStore(&counts[digit], 0u);
    }
    workgroupBarrier();
    for (var column = lane; column < uniforms.columns; column += workgroupSize) {
      let key = magnitude(values[begin + column]);
      if ((key & mask) == prefix) {
        atomicAdd(&counts[(key >> shift) & (digits - 1u)], 1u);
      }
    }
    workgroupBarrier();
    if (lane == 0u) {
      var rest = wanted;
      var digit = digits - 1u;
      var count = atomicLoad(&counts[digit]);
      while (count < rest) {
        rest -= count;
        digit--;
        count = atomicLoad(&counts[digit]);
      }
      known = vec2u(prefix | (digit << shift), rest);
    }
    let found = workgroupUniformLoad(&known);
    prefix = found.x;
    wanted = found.y;
    mask |= (digits - 1u) << shift;
  }
  if (lane == 0u) {
    thresholds[2u * row] = prefix;
    thresholds[2u * row + 1u] = wanted;
  }
}
