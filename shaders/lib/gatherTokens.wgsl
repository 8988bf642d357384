// y[token, row] = Σ value·xT[column, token] over the stored entries of a row. An invocation computes 8 tokens of a row and
// decodes each entry once for them. `octets` neighbours share the row and read neighbouring tokens.
// The importing kernel declares xT (array<vec4f>, tokens padded to a multiple of 8), y, the fields of lib/gatherFields
// (stride: quads of tokens), and rangeOf and entryAt as lib/gatherRow has them.
struct Entry {
  values: vec4f,
  columns: vec4u,
}

override octets: u32 = 8u;

fn store(token: u32, row: u32, value: f32) {
  if (token < uniforms.tokens) {
    let at = token * uniforms.rows + row;
    var sum = value;
    if (uniforms.accumulate != 0u) {
      sum += y[at];
    }
    y[at] = sum;
  }
}

fn gatherTokens(group: vec2u, local: vec2u) {
  let octet = uniforms.firstOctet + group.x * octets + local.x;
  let row = uniforms.firstRow + group.y * (64u / octets) + local.y;
  if (row >= uniforms.rows || octet * 8u >= uniforms.tokens) {
    return;
  }
  let origin = octet * 2u;
  var low = vec4f();
  var high = vec4f();
  let range = rangeOf(row);
  for (var index = 0u; index < range.y; index++) {
    let entry = entryAt(row, range.x, index);
    let at = entry.columns * uniforms.stride + origin;
    low += entry.values.x * xT[at.x];
    high += entry.values.x * xT[at.x + 1u];
    low += entry.values.y * xT[at.y];
    high += entry.values.y * xT[at.y + 1u];
    low += entry.values.z * xT[at.z];
    high += entry.values.z * xT[at.z + 1u];
    low += entry.values.w * xT[at.w];
    high += entry.values.w * xT[at.w + 1u];
  }
  let token = octet * 8u;
  store(token, row, low.x);
  store(token + 1u, row, low.y);
  store(token + 2u, row, low.z);
  store(token + 3u, row, low.w);
  store(token + 4u, row, high.x);
  store(token + 5u, row, high.y);
  store(token + 6u, row, high.z);
  store(token + 7u, row, high.w);
}
