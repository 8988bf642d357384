// Σ left(row, k)·right(column, k) over firstDepth ≤ k < lastDepth, a tile of (8·side)² results a workgroup of side²
// invocations, each 8×8 of them in registers: neighbouring rows, and columns `side` apart, so that neighbours read and
// write neighbouring addresses. Operands come through workgroup memory (staged), where they are read, or decoded, once
// a tile, or straight from their buffers, without barriers. The order of summing is the same, and so are the bits.
// The importing kernel declares the fields firstDepth and lastDepth, and: extent(), the rows and columns there are;
// leftAt(row, k) and rightAt(column, k), asked within bounds only; leftDepthFirst() and rightDepthFirst(): whether
// neighbouring k are neighbours in memory; store(row, column, sum), called within bounds only.
override side: u32 = 8u;
override staged: bool = true;

const depth = 16u;

// [depth, 2·side] groups of four rows, and of four columns.
var<workgroup> stagedLeft: array<vec4f, depth * side * 2u>;
var<workgroup> stagedRight: array<vec4f, depth * side * 2u>;

// Row by row the left and the right four; only ever indexed by constants, so that they stay in registers.
alias Sums = array<vec4f, 16>;

fn addUpper(sums: ptr<function, Sums>, rows: vec4f, left: vec4f, right: vec4f) {
  sums[0] += rows.x * left;
  sums[1] += rows.x * right;
  sums[2] += rows.y * left;
  sums[3] += rows.y * right;
  sums[4] += rows.z * left;
  sums[5] += rows.z * right;
  sums[6] += rows.w * left;
  sums[7] += rows.w * right;
}

fn addLower(sums: ptr<function, Sums>, rows: vec4f, left: vec4f, right: vec4f) {
  sums[8] += rows.x * left;
  sums[9] += rows.x * right;
  sums[10] += rows.y * left;
  sums[11] += rows.y * right;
  sums[12] += rows.z * left;
  sums[13] += rows.z * right;
  sums[14] += rows.w * left;
  sums[15] += rows.w * right;
}

fn leftOrZero(row: u32, k: u32) -> f32 {
  if (row >= extent().x || k >= uniforms.lastDepth) {
    return 0.0;
  }
  return leftAt(row, k);
}

fn rightOrZero(column: u32, k: u32) -> f32 {
  if (column >= extent().y || k >= uniforms.lastDepth) {
    return 0.0;
  }
  return rightAt(column, k);
}

// (k, group) of an entry: neighbouring invocations read neighbouring addresses whichever way the operand is stored.
fn place(entry: u32, depthFirst: bool) -> vec2u {
  let groups = side * 2u;
  return select(vec2u(entry / groups, entry % groups), vec2u(entry % depth, entry / depth), depthFirst);
}

fn addStaged(sums: ptr<function, Sums>, tileRow: u32, tileColumn: u32, local: vec2u) {
  let groups = side * 2u;
  for (var k0 = uniforms.firstDepth; k0 < uniforms.lastDepth; k0 += depth) {
    for (var entry = local.y * side + local.x; entry < depth * groups; entry += side * side) {
      let atLeft = place(entry, leftDepthFirst());
      let row = tileRow + atLeft.y * 4u;
      let kLeft = k0 + atLeft.x;
      stagedLeft[atLeft.x * groups + atLeft.y] = vec4f(
        leftOrZero(row, kLeft), leftOrZero(row + 1u, kLeft), leftOrZero(row + 2u, kLeft), leftOrZero(row + 3u, kLeft));
      let atRight = place(entry, rightDepthFirst());
      // The left four of every invocation, then the right four.
      let column = tileColumn + atRight.y / side * side * 4u + atRight.y % side;
      let kRight = k0 + atRight.x;
      stagedRight[atRight.x * groups + atRight.y] = vec4f(
        rightOrZero(column, kRight), rightOrZero(column + side, kRight),
        rightOrZero(column + 2u * side, kRight), rightOrZero(column + 3u * side, kRight));
    }
    workgroupBarrier();
    for (var k = 0u; k < depth; k++) {
      let left = stagedRight[k * groups + local.x];
      let right = stagedRight[k * groups + side + local.x];
      addUpper(sums, stagedLeft[k * groups + local.y * 2u], left, right);
      addLower(sums, stagedLeft[k * groups + local.y * 2u + 1u], left, right);
    }
    workgroupBarrier();
  }
}

fn leftQuad(rows: vec4u, k: u32) -> vec4f {
  return vec4f(leftAt(rows.x, k), leftAt(rows.y, k), leftAt(rows.z, k), leftAt(rows.w, k));
}

fn rightQuad(columns: vec4u, k: u32) -> vec4f {
  return vec4f(rightAt(columns.x, k), rightAt(columns.y, k), rightAt(columns.z, k), rightAt(columns.w, k));
}

fn addDirect(sums: ptr<function, Sums>, row: u32, column: u32) {
  // Results beyond the last row or column are computed from the last one, and not stored.
  let lastRow = vec4u(extent().x - 1u);
  let lastColumn = vec4u(extent().y - 1u);
  let four = vec4u(0u, 1u, 2u, 3u);
  let upperRows = min(row + four, lastRow);
  let lowerRows = min(row + 4u + four, lastRow);
  let leftColumns = min(column + four * side, lastColumn);
  let rightColumns = min(column + (4u + four) * side, lastColumn);
  for (var k = uniforms.firstDepth; k < uniforms.lastDepth; k++) {
    let left = rightQuad(leftColumns, k);
    let right = rightQuad(rightColumns, k);
    addUpper(sums, leftQuad(upperRows, k), left, right);
    addLower(sums, leftQuad(lowerRows, k), left, right);
  }
}

fn storeRow(row: u32, column: u32, left: vec4f, right: vec4f) {
  if (row >= extent().x) {
    return;
  }
  for (var i = 0u; i < 4u; i++) {
    if (column + i * side < extent().y) {
      store(row, column + i * side, left[i]);
    }
    if (column + (i + 4u) * side < extent().y) {
      store(row, column + (i + 4u) * side, right[i]);
    }
  }
}

fn tile(tileRow: u32, tileColumn: u32, local: vec2u) {
  var sums = Sums();
  let row = tileRow + local.y * 8u;
  let column = tileColumn + local.x;
  if (staged) {
    addStaged(&sums, tileRow, tileColumn, local);
  } else {
    addDirect(&sums, row, column);
  }
  storeRow(row, column, sums[0], sums[1]);
  storeRow(row + 1u, column, sums[2], sums[3]);
  storeRow(row + 2u, column, sums[4], sums[5]);
  storeRow(row + 3u, column, sums[6], sums[7]);
  storeRow(row + 4u, column, sums[8], sums[9]);
  storeRow(row + 5u, column, sums[10], sums[11]);
  storeRow(row + 6u, column, sums[12], sums[13]);
  storeRow(row + 7u, column, sums[14], sums[15]);
}
