/** a [m, k] · b [k, n], summed in float64. */
export function product(a: Float32Array, b: Float32Array, m: number, k: number, n: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(m * n);
  const row = new Float64Array(n);
  for (let i = 0; i < m; i++) {
    row.fill(0);
    for (let p = 0; p < k; p++) {
      const factor = a[i * k + p]!;
      if (factor === 0) continue;
      const at = p * n;
      for (let j = 0; j < n; j++) row[j]! += factor * b[at + j]!;
    }
    out.set(row, i * n);
  }
  return out;
}
