// y[token, row] = Σ value·x[token, column] over the stored entries of a row. A workgroup has one token (group.y), and
// `slices` invocations for each row, so that neighbours read neighbouring entries. One slice needs no barrier.
// The importing kernel declares x (array<f32>), y, the fields of lib/gatherFields, rangeOf(row), which returns where the
// row's quads of entries begin and how many there are, and entryAt(row, begin, index).
struct Entry {
  values: vec4f,
  columns: vec4u,
}

override slices: u32 = 16u;
var<workgroup> partial: array<f32, 64>;

fn store(row: u32, token: u32, value: f32) {
  let to = token * uniforms.rows + row;
  var sum = value;
  if (uniforms.accumulate != 0u) {
    sum += y[to];
  }
  y[to] = sum;
}

fn gatherRow(group: vec2u, local: u32) {
  let slice = local % slices;
  let row = uniforms.firstRow + group.x * (64u / slices) + local / slices;
  let origin = group.y * uniforms.columns;
  var sum = 0.0;
  if (row < uniforms.rows) {
    let range = rangeOf(row);
    for (var index = slice; index < range.y; index += slices) {
      let entry = entryAt(row, range.x, index);
      let at = entry.columns + origin;
      sum += dot(entry.values, vec4f(x[at.x], x[at.y], x[at.z], x[at.w]));
    }
  }
  if (slices > 1u) {
    partial[local] = sum;
    workgroupBarrier();
    if (slice == 0u) {
      for (var i = 1u; i < slices; i++) {
        sum += partial[local + i];
      }
    }
  }
  if (slice == 0u && row < uniforms.rows) {
    store(row, group.y, sum);
  }
}
