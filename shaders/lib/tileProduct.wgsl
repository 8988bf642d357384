// y = x·Wᵀ in tiles of 64 tokens by 64 rows of W, summed over firstDepth ≤ k < lastDepth; weights are decoded once per
// tile into workgroup memory. 64 invocations, each with 8×8 sums in registers (the tile of matmul.wgsl, where it was
// measured).
// The importing kernel declares y, the fields tokens, firstToken, rows, firstRow, firstDepth, lastDepth and accumulate,
// and: inputAt(token, k), weightAt(row, k), both only asked within bounds; outputAt(token, row): the place in y;
// inputDepthFirst(): whether neighbouring k are neighbours in memory.
#import "storeRow.wgsl"

const depth = 16u;
// [depth, 16] groups of four tokens, and of four rows.
var<workgroup> tileX: array<vec4f, 256>;
var<workgroup> tileW: array<vec4f, 256>;

fn inputOrZero(token: u32, k: u32) -> f32 {
  if (token >= uniforms.tokens || k >= uniforms.lastDepth) {
    return 0.0;
  }
  return inputAt(token, k);
}

fn weightOrZero(row: u32, k: u32) -> f32 {
  if (row >= uniforms.rows || k >= uniforms.lastDepth) {
    return 0.0;
  }
  return weightAt(row, k);
}

fn store(token: u32, row: u32, value: f32) {
  if (token < uniforms.tokens && row < uniforms.rows) {
    let at = outputAt(token, row);
    var sum = value;
    if (uniforms.accumulate != 0u || uniforms.firstDepth != 0u) {
      sum += y[at];
    }
    y[at] = sum;
  }
}

fn tileProduct(group: vec2u, lane: u32) {
  let local = vec2u(lane % 8u, lane / 8u);
  let tileToken = uniforms.firstToken + group.y * 64u;
  let tileRow = uniforms.firstRow + group.x * 64u;
  let depthFirst = inputDepthFirst();
  var sum0a = vec4f();
  var sum0b = vec4f();
  var sum1a = vec4f();
  var sum1b = vec4f();
  var sum2a = vec4f();
  var sum2b = vec4f();
  var sum3a = vec4f();
  var sum3b = vec4f();
  var sum4a = vec4f();
  var sum4b = vec4f();
  var sum5a = vec4f();
  var sum5b = vec4f();
  var sum6a = vec4f();
  var sum6b = vec4f();
  var sum7a = vec4f();
  var sum7b = vec4f();
  for (var k0 = uniforms.firstDepth; k0 < uniforms.lastDepth; k0 += depth) {
    for (var entry = lane; entry < 256u; entry += 64u) {
      // Neighbouring invocations read neighbouring addresses.
      let at = select(vec2u(entry / 16u, entry % 16u), vec2u(entry % depth, entry / depth), depthFirst);
      let token = tileToken + at.y * 4u;
      let k = k0 + at.x;
      tileX[at.x * 16u + at.y] =
        vec4f(inputOrZero(token, k), inputOrZero(token + 1u, k), inputOrZero(token + 2u, k), inputOrZero(token + 3u, k));
      let row = tileRow + entry / depth * 4u;
      let kW = k0 + entry % depth;
      tileW[entry % depth * 16u + entry / depth] =
        vec4f(weightOrZero(row, kW), weightOrZero(row + 1u, kW), weightOrZero(row + 2u, kW), weightOrZero(row + 3u, kW));
    }
    workgroupBarrier();
    for (var k = 0u; k < depth; k++) {
      let low = tileX[k * 16u + local.y * 2u];
      let high = tileX[k * 16u + local.y * 2u + 1u];
      let left = tileW[k * 16u + local.x * 2u];
      let right = tileW[k * 16u + local.x * 2u + 1u];
      sum0a += low.x * left;
      sum0b += low.x * right;
      sum1a += low.y * left;
      sum1b += low.y * right;
      sum2a += low.z * left;
      sum2b += low.z * right;
      sum3a += low.w * left;
      sum3b += low.w * right;
      sum4a += high.x * left;
      sum4b += high.x * right;
      sum5a += high.y * left;
      sum5b += high.y * right;
      sum6a += high.z * left;
      sum6b += high.z * right;
      sum7a += high.w * left;
      sum7b += high.w * right;
    }
    workgroupBarrier();
  }
  let token = tileToken + local.y * 8u;
  let row = tileRow + local.x * 8u;
  storeRow(token, row, sum0a, sum0b);
  storeRow(token + 1u, row, sum1a, sum1b);
  storeRow(token + 2u, row, sum2a, sum2b);
  storeRow(token + 3u, row, sum3a, sum3b);
  storeRow(token + 4u, row, sum4a, sum4b);
  storeRow(token + 5u, row, sum5a, sum5b);
  storeRow(token + 6u, row, sum6a, sum6b);
  storeRow(token + 7u, row, sum7a, sum7b);
}
