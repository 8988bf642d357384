/**
 * How much work to give to the GPU at once. A dispatch that runs for seconds freezes the desktop, some drivers kill it,
 * and running work cannot be cancelled. So the size of batches follows the rate that was measured so far. There is a
 * pace for each kind of work, because small rounds are limited by launching and large products by arithmetic.
 *
 * The first guess is the rate of SwiftShader on two busy cores (0.5 GFLOP/s; 2 when they are idle). Each batch may be
 * four times the last one, so a fast adapter reaches its rate after a few short batches.
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
    // Growth is capped, since a small batch may run at an idle moment. A lower rate counts at once.
    this.#workPerMs = Math.max(1e4, Math.min(seen, this.#workPerMs * 4));
  }
}

/** Cuts `units` into runs [first, count] that cost at most half a batch each, of at most `most` units. */
export function* cuts(units: number, workPerUnit: number, pace: Pace, most = 65535): Generator<[number, number]> {
  for (let first = 0; first < units; ) {
    const count = Math.max(1, Math.min(units - first, most, Math.floor(pace.budget / 2 / workPerUnit)));
    yield [first, count];
    first += count;
  }
}
