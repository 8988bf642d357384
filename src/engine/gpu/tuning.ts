import { GpuError } from '../core/errors';
import { ShaderError } from './pipelines';

/**
 * A choice between the declared variants of a kernel (tile and workgroup sizes): which is fastest on the user's
 * adapter. Variants give equal results up to rounding, tiles even equal bits. So the choice is made once, by timing,
 * and remembered.
 */
export interface Tunable<V extends string> {
  readonly kernel: string;
  /** What the choice depends on besides the adapter, as "large" or "narrow". */
  readonly shapeClass: string;
  /** The usual variant comes first. It is used where nothing is known. */
  readonly variants: readonly V[];
  /** Runs a typical piece of work of the class to its end on the GPU. A variant that throws a ShaderError is left out. */
  run(variant: V): Promise<void>;
}

/** Where choices are kept from one visit to the next: the page's IndexedDB, a file of the command line. */
export interface TuningStore {
  read(key: string): Promise<string | undefined>;
  write(key: string, value: string): Promise<void>;
}

const BUDGET_MS = 1800;
const ROUNDS = 3;
// Another variant must win by more than the scatter of timings. Otherwise choices would differ from visit to visit for
// nothing.
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
   * The variant to use: the remembered one, one timed now, or the usual one when the time for tuning is used up. All
   * timings together take at most the budget and one run.
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
    const fatalKey = `${key} · lost the device`;
    const fatal = (await this.#read(fatalKey))?.split(', ') ?? [];
    const [usual, ...others] = tunable.variants;
    const variants = [usual!, ...others.filter((variant) => !fatal.includes(variant))];
    const known = await this.#read(key);
    const remembered = variants.find((variant) => variant === known);
    if (remembered !== undefined) return remembered;
    const best = await this.#time(variants, async (variant) => {
      try {
        await tunable.run(variant);
      } catch (error) {
        // Otherwise the same variant would lose the next device too. The usual variant is always allowed.
        if (error instanceof GpuError && error.reason === 'lost' && variant !== usual) {
          await this.#write(fatalKey, [...fatal, variant].join(', '));
        }
        throw error;
      }
    });
    if (best === undefined) return usual!;
    await this.#write(key, best);
    return best;
  }

  // A store that is full or forbidden (private windows) costs a timing, nothing more.
  #read(key: string): Promise<string | undefined> {
    return this.store.read(key).catch(() => undefined);
  }
  #write(key: string, value: string): Promise<void> {
    return this.store.write(key, value).catch(() => undefined);
  }

  /** Undefined where the time ran out before every variant was timed. Throws where none compiles. */
  async #time<V extends string>(variants: readonly V[], run: (variant: V) => Promise<void>): Promise<V | undefined> {
    const usable = new Set(variants);
    const fastest = new Map<V, number>();
    // The first round compiles, and wakes the adapter up.
    for (let round = 0; round <= ROUNDS; round++) {
      for (const variant of usable) {
        if (this.#leftMs <= 0) return fastest.size === usable.size ? winner([...usable], fastest) : undefined;
        const started = this.now();
        try {
          await run(variant);
        } catch (error) {
          if (!(error instanceof ShaderError) || usable.size === 1) throw error;
          usable.delete(variant);
        }
        const ms = this.now() - started;
        this.#leftMs -= ms;
        // Disturbances only make runs slower, so the fastest run says most.
        if (round > 0 && usable.has(variant)) {
          fastest.set(variant, Math.min(ms, fastest.get(variant) ?? Number.POSITIVE_INFINITY));
        }
      }
    }
    return winner([...usable], fastest);
  }
}

function winner<V extends string>(variants: readonly V[], ms: ReadonlyMap<V, number>): V {
  const usual = variants[0]!;
  const best = variants.reduce((one, other) => (ms.get(other)! < ms.get(one)! ? other : one));
  return ms.get(best)! < CLEARLY_FASTER * ms.get(usual)! ? best : usual;
}
