/**
 * Eigenvalues and eigenvectors of the symmetric tridiagonal `[n, n]` matrix with `d` on its diagonal and `e` beside it
 * (n entries, the last of no meaning), by implicit QL with Wilkinson's shift. `d` becomes the eigenvalues, in no order;
 * `e` is destroyed. `turn(i, cos, sin)` turns columns i and i + 1 of the eigenvectors. Entries of `e` up to `negligible`
 * count as zero.
 */
export function implicitQl(
  d: Float64Array,
  e: Float64Array,
  negligible: number,
  turn: (i: number, cos: number, sin: number) => void,
): void {
  const n = d.length;
  for (let low = 0; low < n; low++) {
    // An eigenvalue settles within 2 or 3 sweeps; none is known to need 30.
    for (let sweep = 0; ; sweep++) {
      let high = low;
      while (high < n - 1 && Math.abs(e[high]) > negligible) high++;
      if (high === low) break;
      if (sweep === 60) throw new Error(`Eigenvalue ${low} of ${n} does not converge.`);
      qlSweep(d, e, low, high, turn);
    }
  }
}

/** One QL sweep on the unreduced block low … high: chases the bulge from the bottom to the top. */
function qlSweep(
  d: Float64Array,
  e: Float64Array,
  low: number,
  high: number,
  turn: (i: number, cos: number, sin: number) => void,
): void {
  const ratio = (d[low + 1] - d[low]) / (2 * e[low]);
  const root = Math.sqrt(ratio * ratio + 1);
  let g = d[high] - d[low] + e[low] / (ratio + (ratio < 0 ? -root : root));
  let cos = 1;
  let sin = 1;
  let shift = 0;
  for (let i = high - 1; i >= low; i--) {
    const f = sin * e[i];
    const b = cos * e[i];
    const r = Math.sqrt(f * f + g * g);
    e[i + 1] = r;
    // Both vanish only where the block splits: no rotation is needed, and the recurrence goes on from there.
    sin = r === 0 ? 0 : f / r;
    cos = r === 0 ? 1 : g / r;
    g = d[i + 1] - shift;
    const t = (d[i] - g) * sin + 2 * cos * b;
    shift = sin * t;
    d[i + 1] = g + shift;
    g = cos * t - b;
    turn(i, cos, sin);
  }
  d[low] -= shift;
  e[low] = g;
  e[high] = 0;
}
