// An orthogonal [32, 32] matrix that makes the 32 rows of a pair of blocks orthogonal to one another, the longest
// first: two-sided Jacobi on their Gram matrix in workgroup memory. One workgroup per pair.
// Also records the largest cosine between two of the rows as they came, which tells the host when to stop.
#import "../lib/tournament.wgsl"
#import "../lib/rotation.wgsl"

struct Uniforms {
  firstPair: u32,
  pairs: u32,
  splits: u32,
  sweeps: u32,
  // Rows whose cosine is at most this are orthogonal as far as float32 can tell.
  tolerance: f32,
  // Rows whose squared length is at most this are noise, and left alone.
  noise: f32,
}

override workgroupSize: u32 = 64u;

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read_write> rotations: array<f32>;
// Per pair: 0 where the rotation is the identity, so that nothing needs to be applied.
@group(0) @binding(3) var<storage, read_write> changed: array<u32>;
// Non-negative floats sort like their bits.
@group(0) @binding(4) var<storage, read_write> largestCosine: atomic<u32>;

var<workgroup> gram: array<f32, 1024>;
var<workgroup> q: array<f32, 1024>;
var<workgroup> angles: array<vec2f, 16>;
var<workgroup> order: array<u32, 32>;
var<workgroup> worst: atomic<u32>;
var<workgroup> moved: atomic<u32>;
var<workgroup> rotated: atomic<u32>;
var<workgroup> proceed: u32;

fn cosine(alpha: f32, beta: f32, gamma: f32) -> f32 {
  if (alpha <= uniforms.noise || beta <= uniforms.noise) {
    return 0.0;
  }
  return abs(gamma) / (sqrt(alpha) * sqrt(beta));
}

fn chooseAngle(round: u32, index: u32) {
  let pair = tournament(32u, round, index);
  let alpha = gram[pair.x * 33u];
  let beta = gram[pair.y * 33u];
  let gamma = gram[pair.x * 32u + pair.y];
  if (cosine(alpha, beta, gamma) > uniforms.tolerance) {
    angles[index] = rotation(alpha, beta, gamma);
    atomicStore(&rotated, 1u);
  } else {
    angles[index] = vec2f(1.0, 0.0);
  }
}

// The 2×2 block of the Gram matrix where two rotated pairs of rows cross, rotated from both sides: no other invocation
// touches it in this round.
fn rotateGram(round: u32, block: u32) {
  let left = block / 16u;
  let right = block % 16u;
  let first = angles[left];
  let second = angles[right];
  if (first.y == 0.0 && second.y == 0.0) {
    return;
  }
  let rows = tournament(32u, round, left);
  let columns = tournament(32u, round, right);
  let x = vec2f(gram[rows.x * 32u + columns.x], gram[rows.x * 32u + columns.y]);
  let y = vec2f(gram[rows.y * 32u + columns.x], gram[rows.y * 32u + columns.y]);
  let u = first.x * x - first.y * y;
  let v = first.y * x + first.x * y;
  gram[rows.x * 32u + columns.x] = second.x * u.x - second.y * u.y;
  gram[rows.y * 32u + columns.y] = second.y * v.x + second.x * v.y;
  // Where a pair crosses itself the rotation was chosen to give zero.
  gram[rows.x * 32u + columns.y] = select(second.y * u.x + second.x * u.y, 0.0, left == right);
  gram[rows.y * 32u + columns.x] = select(second.x * v.x - second.y * v.y, 0.0, left == right);
}

fn rotateRows(round: u32, entry: u32) {
  let angle = angles[entry / 32u];
  if (angle.y == 0.0) {
    return;
  }
  let rows = tournament(32u, round, entry / 32u) * 32u + entry % 32u;
  let x = q[rows.x];
  let y = q[rows.y];
  q[rows.x] = angle.x * x - angle.y * y;
  q[rows.y] = angle.y * x + angle.x * y;
}

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let pair = uniforms.firstPair + group.x;
  for (var entry = lane; entry < 1024u; entry += workgroupSize) {
    var sum = 0.0;
    for (var split = 0u; split < uniforms.splits; split++) {
      sum += partial[(pair * uniforms.splits + split) * 1024u + entry];
    }
    gram[entry] = sum;
    q[entry] = select(0.0, 1.0, entry % 33u == 0u);
  }
  workgroupBarrier();
  var largest = 0.0;
  for (var entry = lane; entry < 1024u; entry += workgroupSize) {
    let i = entry / 32u;
    let j = entry % 32u;
    if (i < j) {
      largest = max(largest, cosine(gram[i * 33u], gram[j * 33u], gram[entry]));
    }
  }
  atomicMax(&worst, bitcast<u32>(largest));
  workgroupBarrier();
  if (lane == 0u) {
    atomicMax(&largestCosine, atomicLoad(&worst));
  }

  for (var sweep = 0u; sweep < uniforms.sweeps; sweep++) {
    for (var round = 0u; round < 31u; round++) {
      if (lane < 16u) {
        chooseAngle(round, lane);
      }
      workgroupBarrier();
      for (var block = lane; block < 256u; block += workgroupSize) {
        rotateGram(round, block);
      }
      for (var entry = lane; entry < 512u; entry += workgroupSize) {
        rotateRows(round, entry);
      }
      workgroupBarrier();
    }
    if (lane == 0u) {
      proceed = atomicExchange(&rotated, 0u);
      atomicMax(&moved, proceed);
    }
    if (workgroupUniformLoad(&proceed) == 0u) {
      break;
    }
  }

  if (lane < 32u) {
    let own = gram[lane * 33u];
    var place = 0u;
    for (var other = 0u; other < 32u; other++) {
      let length = gram[other * 33u];
      if (length > own || (length == own && other < lane)) {
        place++;
      }
    }
    order[lane] = place;
    if (place != lane) {
      atomicStore(&moved, 1u);
    }
  }
  workgroupBarrier();
  if (lane == 0u) {
    changed[pair] = atomicLoad(&moved);
  }
  // q has gathered the rounding of hundreds of rotations; one Newton–Schulz step, q ← 1.5·q − 0.5·(q·qᵀ)·q, makes it
  // orthogonal to float32 again, before the error spreads over the whole matrix. gram holds q·qᵀ meanwhile.
  for (var entry = lane; entry < 1024u; entry += workgroupSize) {
    let i = entry / 32u * 32u;
    let j = entry % 32u * 32u;
    var sum = 0.0;
    for (var k = 0u; k < 32u; k++) {
      sum += q[i + k] * q[j + k];
    }
    gram[entry] = sum;
  }
  workgroupBarrier();
  for (var entry = lane; entry < 1024u; entry += workgroupSize) {
    let row = entry / 32u;
    let column = entry % 32u;
    // 1.5·q − 0.5·(q·qᵀ)·q = q + 0.5·(I − q·qᵀ)·q: small corrections are not lost against 1.5·q.
    var correction = 0.0;
    for (var k = 0u; k < 32u; k++) {
      correction += (select(0.0, 1.0, k == row) - gram[row * 32u + k]) * q[k * 32u + column];
    }
    rotations[pair * 1024u + order[row] * 32u + column] = q[entry] + 0.5 * correction;
  }
}
