import type { Backend, Matrix } from '../backend/backend';
import { Pacer } from '../core/progress';
import { scaled, unusualScale } from '../linalg/scaling';

/** a [m, k] · b [k, n], row-major. */
export type Multiply = (
  a: Float32Array,
  b: Float32Array,
  m: number,
  k: number,
  n: number,
) => Float32Array<ArrayBuffer> | Promise<Float32Array<ArrayBuffer>>;

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

/**
 * Products on a backend, for `Operator.toDense`. Factors of any magnitude are scaled so that float32 holds their
 * product. After an abort the next product throws the signal's reason.
 */
export function multiplyOn(backend: Backend, signal?: AbortSignal): Multiply {
  const pacer = new Pacer(signal);
  return async (a, b, m, k, n) => {
    await pacer.breathe();
    const held: Matrix[] = [];
    try {
      const [inA, inB] = [unusualScale(a), unusualScale(b)];
      held.push(backend.upload(scaled(a, inA), m, k));
      held.push(backend.upload(scaled(b, inB), k, n));
      held.push(await backend.multiply(held[0]!, held[1]!));
      return scaled(await backend.download(held[2]!), 1 / inA / inB);
    } finally {
      backend.free(...held);
    }
  };
}
