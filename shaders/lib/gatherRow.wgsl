// y[token, row] = Σ over the stored entries of a row, value·x[token, column]; one token a workgroup (group.y), four rows
// of sixteen invocations each, so that neighbours read neighbouring entries.
// The importing kernel declares x (array<f32>), y, the fields rows, firstRow, columns and accumulate, and
// rangeOf(row): where its quads of entries begin, and how many there are; entryAt(row, begin, index).
struct Entry {
  values: vec4f,
  columns: vec4u,
}

const lanes = 16u;
const rowsPerGroup = 4u;
var<workgroup> partial: array<f32, 64>;

fn gatherRow(group: vec2u, local: u32) {
  let lane = local % lanes;
  let row = uniforms.firstRow + group.x * rowsPerGroup + local / lanes;
  let origin = group.y * uniforms.columns;
  var sum = 0.0;
  if (row < uniforms.rows) {
    let range = rangeOf(row);
    for (var index = lane; index < range.y; index += lanes) {
      let entry = entryAt(row, range.x, index);
      let at = entry.columns + origin;
      sum += dot(entry.values, vec4f(x[at.x], x[at.y], x[at.z], x[at.w]));
    }
  }
  partial[local] = sum;
  workgroupBarrier();
  if (lane != 0u || row >= uniforms.rows) {
    return;
  }
  for (var i = 1u; i < lanes; i++) {
    sum += partial[local + i];
  }
  let to = group.y * uniforms.rows + row;
  if (uniforms.accumulate != 0u) {
    sum += y[to];
  }
  y[to] = sum;
}
