// One sweep of one-sided Jacobi on every matrix of a batch: rotates the rows of X = [J·A | J] until those of J·A are
// orthogonal to one another. One workgroup per matrix. A round's pairs share no row, so each is one invocation's,
// all the way along the columns; X is stored by columns, so that neighbours read neighbours.
#import "../lib/tournament.wgsl"
#import "../lib/rotation.wgsl"

struct Uniforms {
  rows: u32,
  // Of A; J adds `rows` more.
  columns: u32,
  firstMatrix: u32,
  count: u32,
  // Rows whose cosine is at most this are orthogonal as far as float32 can tell.
  tolerance: f32,
  // Rows whose squared length is at most this are zero.
  noise: f32,
}

override workgroupSize: u32 = 64u;

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> matrices: array<f32>;
// Per matrix: 1 once a sweep has found nothing to rotate.
@group(0) @binding(2) var<storage, read_write> settled: array<u32>;

var<workgroup> rotated: atomic<u32>;
var<workgroup> done: u32;

fn rotatePair(base: u32, pair: vec2u) {
  var alpha = 0.0;
  var beta = 0.0;
  var gamma = 0.0;
  let end = base + uniforms.columns * uniforms.rows;
  for (var at = base; at < end; at += uniforms.rows) {
    let x = matrices[at + pair.x];
    let y = matrices[at + pair.y];
    alpha += x * x;
    beta += y * y;
    gamma += x * y;
  }
  if (alpha <= uniforms.noise || beta <= uniforms.noise) {
    return;
  }
  if (abs(gamma) <= uniforms.tolerance * sqrt(alpha) * sqrt(beta)) {
    return;
  }
  let angle = rotation(alpha, beta, gamma);
  let last = end + uniforms.rows * uniforms.rows;
  for (var at = base; at < last; at += uniforms.rows) {
    let x = matrices[at + pair.x];
    let y = matrices[at + pair.y];
    matrices[at + pair.x] = angle.x * x - angle.y * y;
    matrices[at + pair.y] = angle.y * x + angle.x * y;
  }
  atomicStore(&rotated, 1u);
}

@compute @workgroup_size(workgroupSize)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let matrix = uniforms.firstMatrix + group.x;
  if (lane == 0u) {
    done = settled[matrix];
  }
  if (workgroupUniformLoad(&done) == 1u) {
    return;
  }
  let base = matrix * (uniforms.columns + uniforms.rows) * uniforms.rows;
  // An odd number of rows plays against one that isn't there.
  let players = uniforms.rows + uniforms.rows % 2u;
  for (var round = 0u; round + 1u < players; round++) {
    for (var index = lane; index < players / 2u; index += workgroupSize) {
      let pair = tournament(players, round, index);
      if (pair.y < uniforms.rows) {
        rotatePair(base, pair);
      }
    }
    storageBarrier();
  }
  workgroupBarrier();
  if (lane == 0u && atomicLoad(&rotated) == 0u) {
    settled[matrix] = 1u;
  }
}
