/** The part of diag(d) + ρ·z·zᵀ that the secular equation must solve. The other eigenpairs are already known. */
export interface Deflated {
  /** Columns that remain, by rising d, with their d and z. */
  readonly kept: Int32Array;
  readonly d: Float64Array;
  readonly z: Float64Array;
  /** Columns that are eigenvectors, with their eigenvalues in `d` of `deflate`. */
  readonly done: number[];
}

/**
 * Finds eigenpairs of diag(d) + ρ·z·zᵀ that need no equation (Dongarra and Sorensen 1987): where ρ·z_j is negligible, d_j
 * and its column stay as they are; where two d are so close that turning their columns until one z vanishes leaves a
 * negligible entry beside the diagonal, one of them is done. `negligible` is an absolute size. Turns `columns`, and
 * changes `d` and `z` with them. `order` lists the columns by rising d.
 */
export function deflate(
  d: Float64Array,
  z: Float64Array,
  order: readonly number[],
  rho: number,
  negligible: number,
  turn: (a: number, b: number, cos: number, sin: number) => void,
): Deflated {
  const kept: number[] = [];
  const done: number[] = [];
  let before = -1;
  for (const j of order) {
    if (rho * Math.abs(z[j]) <= negligible) {
      done.push(j);
      continue;
    }
    if (before >= 0) {
      const length = Math.hypot(z[j], z[before]);
      const cos = z[j] / length;
      const sin = -z[before] / length;
      if (Math.abs((d[j] - d[before]) * cos * sin) <= negligible) {
        turn(before, j, cos, sin);
        const [lower, upper] = [d[before], d[j]];
        d[before] = lower * cos * cos + upper * sin * sin;
        d[j] = lower * sin * sin + upper * cos * cos;
        z[j] = length;
        z[before] = 0;
        done.push(before);
      } else {
        kept.push(before);
      }
    }
    before = j;
  }
  if (before >= 0) kept.push(before);
  return {
    kept: Int32Array.from(kept),
    d: Float64Array.from(kept, (j) => d[j]),
    z: Float64Array.from(kept, (j) => z[j]),
    done,
  };
}
