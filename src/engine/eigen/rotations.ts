import type { Pacer } from '../progress';

/** Enough to outweigh a pass over the vectors, few enough (1 MB) to stay in the second-level cache. */
const BATCH = 1 << 16;

/**
 * Givens rotations, collected and then applied together: one by one, each would stream two columns of the vectors
 * through memory for six operations an entry.
 */
export class Rotations {
  readonly #cosSin: Float64Array;
  readonly #sweeps: { readonly low: number; readonly high: number; readonly at: number }[] = [];
  #count = 0;

  /** For vectors stored as rows of `size` entries, one column per eigenvector. */
  constructor(private readonly size: number) {
    this.#cosSin = new Float64Array(2 * (BATCH + size));
  }

  get full(): boolean {
    return this.#count >= BATCH;
  }

  /** Begins a sweep that rotates the column pairs (high−1, high), …, (low, low+1), in this order, one per `push`. */
  sweep(low: number, high: number): void {
    this.#sweeps.push({ low, high, at: 2 * this.#count });
  }

  push(cos: number, sin: number): void {
    const at = 2 * this.#count++;
    this.#cosSin[at] = cos;
    this.#cosSin[at + 1] = sin;
  }

  /**
   * Applies and forgets what was collected. Four rows at a time: their chains of dependent operations overlap, they
   * share the loads of cos and sin, and they stay in the first-level cache. `rows.length / size` must divide by 4.
   */
  async apply(rows: Float64Array, pacer: Pacer): Promise<void> {
    const { size } = this;
    const cosSin = this.#cosSin;
    for (let base = 0; base < rows.length; base += 4 * size) {
      for (const { low, high, at } of this.#sweeps) rotate(rows, base, size, cosSin, at, low, high);
      await pacer.breathe();
    }
    this.#sweeps.length = 0;
    this.#count = 0;
  }
}

function rotate(
  rows: Float64Array,
  base: number,
  size: number,
  cosSin: Float64Array,
  at: number,
  low: number,
  high: number,
): void {
  const r0 = base;
  const r1 = r0 + size;
  const r2 = r1 + size;
  const r3 = r2 + size;
  let x0 = rows[r0 + high];
  let x1 = rows[r1 + high];
  let x2 = rows[r2 + high];
  let x3 = rows[r3 + high];
  for (let i = high - 1, k = at; i >= low; i--, k += 2) {
    const c = cosSin[k];
    const s = cosSin[k + 1];
    const y0 = rows[r0 + i];
    const y1 = rows[r1 + i];
    const y2 = rows[r2 + i];
    const y3 = rows[r3 + i];
    rows[r0 + i + 1] = s * y0 + c * x0;
    rows[r1 + i + 1] = s * y1 + c * x1;
    rows[r2 + i + 1] = s * y2 + c * x2;
    rows[r3 + i + 1] = s * y3 + c * x3;
    x0 = c * y0 - s * x0;
    x1 = c * y1 - s * x1;
    x2 = c * y2 - s * x2;
    x3 = c * y3 - s * x3;
  }
  rows[r0 + low] = x0;
  rows[r1 + low] = x1;
  rows[r2 + low] = x2;
  rows[r3 + low] = x3;
}
