import { matmul } from './matmul';
import { rotation } from './rotation';
import { tournament } from './tournament';

export interface DiagonalizeOptions {
  readonly sweeps: number;
  readonly tolerance: number;
  readonly noise: number;
}

export interface Diagonalized {
  /** [32, 32], orthogonal. */
  readonly rotation: Float64Array;
  /** False where `rotation` is the identity. */
  readonly changed: boolean;
  /** The largest cosine between two of the rows, without noise. */
  readonly largestCosine: number;
}

/** Twin of diagonalize.wgsl for one pair: the rotation that makes rows with this [32, 32] Gram matrix orthogonal. */
export function diagonalize(gram: ArrayLike<number>, { sweeps, tolerance, noise }: DiagonalizeOptions): Diagonalized {
  const g = Float64Array.from(gram);
  const q = new Float64Array(1024);
  for (let i = 0; i < 32; i++) q[i * 33] = 1;
  const cosine = (i: number, j: number) => {
    const [alpha, beta] = [g[i * 33], g[j * 33]];
    return alpha <= noise || beta <= noise ? 0 : Math.abs(g[i * 32 + j]) / Math.sqrt(alpha * beta);
  };
  let largestCosine = 0;
  for (let i = 0; i < 32; i++) for (let j = i + 1; j < 32; j++) largestCosine = Math.max(largestCosine, cosine(i, j));

  let changed = false;
  let rotated = true;
  for (let sweep = 0; sweep < sweeps && rotated; sweep++) {
    rotated = false;
    for (let round = 0; round < 31; round++) {
      for (let index = 0; index < 16; index++) {
        const [p, r] = tournament(32, round, index);
        if (cosine(p, r) <= tolerance) continue;
        const [c, s] = rotation(g[p * 33], g[r * 33], g[p * 32 + r]);
        rotateRows(g, p, r, c, s);
        rotateColumns(g, p, r, c, s);
        rotateRows(q, p, r, c, s);
        rotated = true;
      }
    }
    changed ||= rotated;
  }

  const order = Array.from({ length: 32 }, (_, i) => i).sort((i, j) => g[j * 33] - g[i * 33] || i - j);
  changed ||= order.some((row, place) => row !== place);
  const square = matmul(q, q, 32, 32, 32, { transposeB: true });
  const polished = matmul(square, q, 32, 32, 32, { alpha: -0.5, beta: 1.5, c: q });
  const sorted = new Float64Array(1024);
  order.forEach((row, place) => {
    sorted.set(polished.subarray(row * 32, row * 32 + 32), place * 32);
  });
  return { rotation: sorted, changed, largestCosine };
}

function rotateRows(x: Float64Array, p: number, r: number, c: number, s: number): void {
  for (let k = 0; k < 32; k++) {
    const [a, b] = [x[p * 32 + k], x[r * 32 + k]];
    x[p * 32 + k] = c * a - s * b;
    x[r * 32 + k] = s * a + c * b;
  }
}

function rotateColumns(x: Float64Array, p: number, r: number, c: number, s: number): void {
  for (let k = 0; k < 32; k++) {
    const [a, b] = [x[k * 32 + p], x[k * 32 + r]];
    x[k * 32 + p] = c * a - s * b;
    x[k * 32 + r] = s * a + c * b;
  }
}
