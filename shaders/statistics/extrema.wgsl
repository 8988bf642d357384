// (least, largest) of every `size` consecutive values of a row, whose last group may be shorter. `lanes` invocations, a
// power of two up to workgroupSize, share a group and read neighbouring addresses.
// Compared as whole numbers in the order of the floats they stand for: exact for denormals too, and −0 < +0.
struct Uniforms {
  columns: u32,
  size: u32,
  lanes: u32,
  firstRow: u32,
  rows: u32,
}

override workgroupSize: u32 = 64u;

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> values: array<u32>;
@group(0) @binding(2) var<storage, read_write> extrema: array<u32>;

var<workgroup> least: array<u32, workgroupSize>;
var<workgroup> largest: array<u32, workgroupSize>;

fn ordered(bits: u32) -> u32 {
  return bits ^ select(0x80000000u, 0xffffffffu, bits >= 0x80000000u);
}

fn original(key: u32) -> u32 {
  return key ^ select(0xffffffffu, 0x80000000u, key >= 0x80000000u);
}

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let groups = (uniforms.columns + uniforms.size - 1u) / uniforms.size;
  let group = workgroup.x * (workgroupSize / uniforms.lanes) + lane / uniforms.lanes;
  let row = uniforms.firstRow + workgroup.y;
  let own = lane % uniforms.lanes;
  var low = 0xffffffffu;
  var high = 0u;
  let end = min((group + 1u) * uniforms.size, uniforms.columns);
  for (var column = group * uniforms.size + own; column < end; column += uniforms.lanes) {
    let key = ordered(values[row * uniforms.columns + column]);
    low = min(low, key);
    high = max(high, key);
  }
  least[lane] = low;
  largest[lane] = high;
  for (var half = uniforms.lanes / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (own < half) {
      least[lane] = min(least[lane], least[lane + half]);
      largest[lane] = max(largest[lane], largest[lane + half]);
    }
  }
  workgroupBarrier();
  if (own == 0u && group < groups) {
    extrema[2u * (row * groups + group)] = original(least[lane]);
    extrema[2u * (row * groups + group) + 1u] = original(largest[lane]);
  }
}
