/**
 * Which of a kernel's declared variants (tile and workgroup sizes) is fastest on the user's adapter. Variants give the
 * same results up to rounding, tiles even the same bits: a choice is made once, by timing, and remembered.
 */
export interface Tunable<V extends string> {
  readonly kernel: string;
  /** What the choice depends on besides the adapter, as "large" or "narrow". */
  readonly shapeClass: string;
  /** The usual one first: it is taken where nothing is known. */
  readonly variants: readonly V[];
  /** Runs a typical piece of work of the class to its end on the GPU. */
  run(variant: V): Promise<void>;
}

/** Where choices are kept from one visit to the next: the page's IndexedDB, a file of the command line. */
export interface TuningStore {
  read(key: string): Promise<string | undefined>;
  write(key: string, value: string): Promise<void>;
}

const BUDGET_MS = 1800;
const ROUNDS = 3;
// A challenger must win by more than timings scatter, or choices would differ from visit to visit for nothing.
const CLEARLY_FASTER = 0.95;

export class Tuning {
  readonly #chosen = new Map<string, Promise<string>>();
  #leftMs: number;
  constructor(
    private readonly adapter: string,
    private readonly store: TuningStore,
    budgetMs = BUDGET_MS,
    private readonly now = () => performance.now(),
  ) {
    this.#leftMs = budgetMs;
  }

  /**
   * The variant to use: remembered, or timed now, or the usual one when the time for tuning is spent. Timings of all
   * calls together take at most the budget and one run.
   */
  async choose<V extends string>(tunable: Tunable<V>): Promise<V> {
    const key = [this.adapter, tunable.kernel, tunable.shapeClass].join(' · ');
    let choosing = this.#chosen.get(key);
    if (!choosing) {
      choosing = this.#find(key, tunable);
      this.#chosen.set(key, choosing);
      choosing.catch(() => this.#chosen.delete(key));
    }
    return choosing as Promise<V>;
  }

  async #find<V extends string>(key: string, tunable: Tunable<V>): Promise<V> {
    // A store that is full or forbidden (private windows) costs a timing, nothing more.
    const known = await this.store.read(key).catch(() => undefined);
    const remembered = tunable.variants.find((variant) => variant === known);
    if (remembered !== undefined) return remembered;
    const best = await this.#time(tunable);
    if (best === undefined) return tunable.variants[0]!;
    await this.store.write(key, best).catch(() => undefined);
    return best;
  }

  /** Undefined where the time ran out before every variant was timed. */
  async #time<V extends string>({ variants, run }: Tunable<V>): Promise<V | undefined> {
    const fastest = new Map<V, number>();
    // The first round compiles, and wakes the adapter up.
    for (let round = 0; round <= ROUNDS; round++) {
      for (const variant of variants) {
        if (this.#leftMs <= 0) return fastest.size === variants.length ? winner(variants, fastest) : undefined;
        const started = this.now();
        await run(variant);
        const ms = this.now() - started;
        this.#leftMs -= ms;
        // Whatever disturbs a run makes it slower: the fastest says most.
        if (round > 0) fastest.set(variant, Math.min(ms, fastest.get(variant) ?? Number.POSITIVE_INFINITY));
      }
    }
    return winner(variants, fastest);
  }
}

function winner<V extends string>(variants: readonly V[], ms: ReadonlyMap<V, number>): V {
  const usual = variants[0]!;
  const best = variants.reduce((one, other) => (ms.get(other)! < ms.get(one)! ? other : one));
  return ms.get(best)! < CLEARLY_FASTER * ms.get(usual)! ? best : usual;
}
