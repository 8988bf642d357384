// The eight neighbouring results of a row that an invocation holds. The importing kernel declares
// store(row, column, value), which leaves out what lies outside of the result.
fn storeRow(row: u32, column: u32, left: vec4f, right: vec4f) {
  store(row, column, left.x);
  store(row, column + 1u, left.y);
  store(row, column + 2u, left.z);
  store(row, column + 3u, left.w);
  store(row, column + 4u, right.x);
  store(row, column + 5u, right.y);
  store(row, column + 6u, right.z);
  store(row, column + 7u, right.w);
}
