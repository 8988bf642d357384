/** Work of one kind. The cost is in any unit that is proportional to time, such as multiply-adds. */
export interface PiecesOfWork {
  readonly kind: string;
  readonly cost: number;
}

/** An estimate from a smaller share of a kind's work would be based only on small layers. */
const SHARE_NEEDED = 0.05;

/** Shorter times are mostly overhead, which is not proportional to the work. */
const MS_NEEDED = 500;

/** If the recent pace is this many times faster or slower than the pace before, it is still changing. */
const STEADY = 2;

/**
 * Estimates the time left from the pace so far, separately for each kind of work: a factorisation and a rounding take
 * different times, and a small layer takes more time for its cost than a large one. There is no estimate while a kind
 * has not been observed enough, or while its pace is not steady.
 */
export class Pace {
  readonly #done = new Map<string, { cost: number; ms: number }[]>();

  /** Records how long some work took. */
  observe(kind: string, cost: number, ms: number): void {
    if (!(cost > 0) || !(ms >= 0)) return;
    const pieces = this.#done.get(kind) ?? [];
    pieces.push({ cost, ms });
    this.#done.set(kind, pieces);
  }

  /** Seconds that the remaining work will take; undefined while that is unknown. */
  secondsLeft(remaining: Iterable<PiecesOfWork>): number | undefined {
    const costs = new Map<string, number>();
    for (const { kind, cost } of remaining) costs.set(kind, (costs.get(kind) ?? 0) + cost);
    let ms = 0;
    for (const [kind, cost] of costs) {
      if (cost === 0) continue;
      const rate = this.#steadyRate(kind, cost);
      if (rate === undefined) return undefined;
      ms += rate * cost;
    }
    return ms > 0 ? ms / 1000 : undefined;
  }

  /** Milliseconds per unit of cost, over the more recent half of the work done. */
  #steadyRate(kind: string, remaining: number): number | undefined {
    const pieces = this.#done.get(kind) ?? [];
    const all = sum(pieces);
    if (all.ms < MS_NEEDED || all.cost < SHARE_NEEDED * (all.cost + remaining)) return undefined;
    const recent: { cost: number; ms: number }[] = [];
    for (let i = pieces.length - 1, cost = 0; i >= 0 && cost < all.cost / 2; i--) {
      recent.push(pieces[i]!);
      cost += pieces[i]!.cost;
    }
    const now = sum(recent);
    const [rate, before] = [now.ms / now.cost, all.ms / all.cost];
    return rate > before * STEADY || rate < before / STEADY ? undefined : rate;
  }
}

function sum(pieces: readonly { readonly cost: number; readonly ms: number }[]): { cost: number; ms: number } {
  return pieces.reduce((total, { cost, ms }) => ({ cost: total.cost + cost, ms: total.ms + ms }), { cost: 0, ms: 0 });
}

/** Progress is reported thousands of times. The estimate is renewed only after this time. */
const MS_BETWEEN = 100;

/** The pace of work whose pieces and order are known. From the number of finished pieces it estimates the time left. */
export class PlannedPace {
  readonly #pace = new Pace();
  #done = 0;
  #at: number;
  #estimate: { readonly seconds: number | undefined; readonly at: number } | undefined;

  constructor(
    private readonly pieces: readonly PiecesOfWork[],
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.#at = clock();
  }

  /** `done`: the number of finished pieces, plus the finished share of the current one. */
  secondsLeft(done: number): number | undefined {
    const now = this.clock();
    if (this.#estimate && done < this.pieces.length && now - this.#estimate.at < MS_BETWEEN)
      return this.#estimate.seconds;
    if (done > this.#done) {
      const parts = this.#between(this.#done, done);
      // If several kinds of work ended since the last call, the time of each is unknown.
      const [first] = parts;
      if (first && parts.every(({ kind }) => kind === first.kind))
        this.#pace.observe(
          first.kind,
          parts.reduce((total, { cost }) => total + cost, 0),
          now - this.#at,
        );
      this.#done = done;
      this.#at = now;
    }
    const seconds = this.#pace.secondsLeft(this.#between(Math.max(done, this.#done), this.pieces.length));
    this.#estimate = { seconds, at: now };
    return seconds;
  }

  #between(from: number, to: number): PiecesOfWork[] {
    const parts: PiecesOfWork[] = [];
    for (let i = Math.floor(from); i < Math.min(to, this.pieces.length); i++) {
      const share = Math.min(to, i + 1) - Math.max(from, i);
      if (share > 0) parts.push({ kind: this.pieces[i]!.kind, cost: share * this.pieces[i]!.cost });
    }
    return parts;
  }
}
