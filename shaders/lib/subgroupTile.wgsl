// Σ left(row, k)·right(column, k) over firstDepth ≤ k < lastDepth. A workgroup of `lanes` invocations makes a tile of
// `height` (4, 8 or 16) rows by 4·lanes columns. Each invocation holds the rows of four columns, `lanes` apart. All need
// the same rows: of up to eight consecutive k, each lane of a subgroup reads one, and hands it to the others, without a
// barrier. A column belongs to an invocation of the workgroup and not to a lane, so that it does not matter how large
// subgroups are, nor which invocations are in one. Sums are in the order of lib/tile.
// The importing kernel imports this first, and declares the fields firstDepth and lastDepth, extent(), leftAt(row, k),
// rightAt(column, k) and store(row, column, sum) as for lib/tile.
enable subgroups;
// The branches and loops around a shuffle depend on values that are equal in a subgroup. WGSL demands that they are equal
// in the whole workgroup.
diagnostic(off, subgroup_uniformity);

override lanes: u32 = 32u;
override height: u32 = 16u;

fn leftQuad(rows: vec4u, k: u32) -> vec4f {
  return vec4f(leftAt(rows.x, k), leftAt(rows.y, k), leftAt(rows.z, k), leftAt(rows.w, k));
}

fn storeQuad(row: u32, column: u32, sums: vec4f) {
  if (row >= extent().x) {
    return;
  }
  for (var i = 0u; i < 4u; i++) {
    if (column + i * lanes < extent().y) {
      store(row, column + i * lanes, sums[i]);
    }
  }
}

fn subgroupTile(tileRow: u32, column: u32, lane: u32) {
  // The lanes that share: a run of active ones. A workgroup that is smaller than a subgroup leaves the last inactive.
  let awake = subgroupBallot(true).x;
  let first = countTrailingZeros(awake);
  // Should none of the first 32 be active, each invocation reads for itself.
  let alone = awake == 0u;
  let sharing = select(min(countTrailingZeros(~(awake >> first)), 8u), 1u, alone);
  let own = (lane - select(first, lane, alone)) % sharing;

  // Results beyond the last row or column are computed from the last one, and not stored.
  let lastRow = vec4u(extent().x - 1u);
  let four = vec4u(0u, 1u, 2u, 3u);
  let rowsOfA = min(tileRow + four, lastRow);
  let rowsOfB = min(tileRow + 4u + four, lastRow);
  let rowsOfC = min(tileRow + 8u + four, lastRow);
  let rowsOfD = min(tileRow + 12u + four, lastRow);
  let columns = min(column + four * lanes, vec4u(extent().y - 1u));
  // Row by row; only ever indexed by constants, so that they stay in registers.
  var sums = array<vec4f, 16>();
  for (var k0 = uniforms.firstDepth; k0 < uniforms.lastDepth; k0 += sharing) {
    let ownK = min(k0 + own, uniforms.lastDepth - 1u);
    let ownA = leftQuad(rowsOfA, ownK);
    var ownB = vec4f();
    var ownC = vec4f();
    var ownD = vec4f();
    if (height > 4u) {
      ownB = leftQuad(rowsOfB, ownK);
    }
    if (height > 8u) {
      ownC = leftQuad(rowsOfC, ownK);
      ownD = leftQuad(rowsOfD, ownK);
    }
    let count = min(sharing, uniforms.lastDepth - k0);
    for (var i = 0u; i < count; i++) {
      let k = k0 + i;
      let right = vec4f(rightAt(columns.x, k), rightAt(columns.y, k), rightAt(columns.z, k), rightAt(columns.w, k));
      let source = select(first + i, lane, alone);
      let rowsA = subgroupShuffle(ownA, source);
      sums[0] += rowsA.x * right;
      sums[1] += rowsA.y * right;
      sums[2] += rowsA.z * right;
      sums[3] += rowsA.w * right;
      if (height > 4u) {
        let rowsB = subgroupShuffle(ownB, source);
        sums[4] += rowsB.x * right;
        sums[5] += rowsB.y * right;
        sums[6] += rowsB.z * right;
        sums[7] += rowsB.w * right;
      }
      if (height > 8u) {
        let rowsC = subgroupShuffle(ownC, source);
        let rowsD = subgroupShuffle(ownD, source);
        sums[8] += rowsC.x * right;
        sums[9] += rowsC.y * right;
        sums[10] += rowsC.z * right;
        sums[11] += rowsC.w * right;
        sums[12] += rowsD.x * right;
        sums[13] += rowsD.y * right;
        sums[14] += rowsD.z * right;
        sums[15] += rowsD.w * right;
      }
    }
  }
  storeQuad(tileRow, column, sums[0]);
  storeQuad(tileRow + 1u, column, sums[1]);
  storeQuad(tileRow + 2u, column, sums[2]);
  storeQuad(tileRow + 3u, column, sums[3]);
  if (height > 4u) {
    storeQuad(tileRow + 4u, column, sums[4]);
    storeQuad(tileRow + 5u, column, sums[5]);
    storeQuad(tileRow + 6u, column, sums[6]);
    storeQuad(tileRow + 7u, column, sums[7]);
  }
  if (height > 8u) {
    storeQuad(tileRow + 8u, column, sums[8]);
    storeQuad(tileRow + 9u, column, sums[9]);
    storeQuad(tileRow + 10u, column, sums[10]);
    storeQuad(tileRow + 11u, column, sums[11]);
    storeQuad(tileRow + 12u, column, sums[12]);
    storeQuad(tileRow + 13u, column, sums[13]);
    storeQuad(tileRow + 14u, column, sums[14]);
    storeQuad(tileRow + 15u, column, sums[15]);
  }
}
