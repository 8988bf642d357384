export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly alpha?: number;
  readonly beta?: number;
  /** Needed where beta is not 0. */
  readonly c?: ArrayLike<number>;
}

/** Twin of matmul.wgsl and matmulVector.wgsl: alpha·op(a)·op(b) + beta·c, op(a) [m, k], op(b) [k, n]. */
export function matmul(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  m: number,
  n: number,
  k: number,
  { transposeA, transposeB, alpha = 1, beta = 0, c }: MatmulOptions = {},
): Float64Array<ArrayBuffer> {
  const result = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) {
        sum += a[transposeA ? l * m + i : i * k + l] * b[transposeB ? j * k + l : l * n + j];
      }
      result[i * n + j] = alpha * sum + (c ? beta * c[i * n + j] : 0);
    }
  }
  return result;
}
