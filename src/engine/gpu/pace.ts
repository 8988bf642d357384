/**
 * How much work to hand to the GPU at once. A dispatch that runs for seconds freezes the desktop and is killed by some
 * drivers, and work in flight cannot be cancelled; so batches are sized by the rate seen so far. Kept per kind of
 * work, because small rounds are bound by launching and large products by arithmetic.
 *
 * The first guess is what SwiftShader manages on two busy cores (0.5 GFLOP/s; 2 when they are idle); each batch may
 * be four times the last, so that a fast adapter is at its rate after a handful of short ones.
 */
export class Pace {
  static readonly BATCH_MS = 80;
  #workPerMs = 5e5;

  /** Floating-point operations for one batch. */
  get budget(): number {
    return this.#workPerMs * Pace.BATCH_MS;
  }

  record(work: number, ms: number): void {
    const seen = work / Math.max(ms, 0.05);
    // Growth is capped, since a small batch may meet an idle moment; a fall counts at once.
    this.#workPerMs = Math.max(1e4, Math.min(seen, this.#workPerMs * 4));
  }
}

/** Runs of whole units that cost at most half a batch each: [first, count], `units` in all, at most `most` at once. */
export function* cuts(units: number, workPerUnit: number, pace: Pace, most = 65535): Generator<[number, number]> {
  for (let first = 0; first < units; ) {
    const count = Math.max(1, Math.min(units - first, most, Math.floor(pace.budget / 2 / workPerUnit)));
    yield [first, count];
    first += count;
  }
}
