import type { Backend, Count } from '../backend/backend';
import type { LongCall } from '../core/progress';
import { type Svd, svd } from '../linalg/svd';
import { type Hosvd, hosvd } from '../linalg/tucker2';
import type { Dense } from '../operators/operator';

/** Keeps what `matrix` and `convolution` found; the least recently used entry is dropped first. */
class Store {
  readonly #kept = new Map<string, Svd | Hosvd>();
  #bytes = 0;
  constructor(private readonly budget: number) {}

  /** Does not count as a use. */
  peek(key: string): Svd | Hosvd | undefined {
    return this.#kept.get(key);
  }

  get<T extends Svd | Hosvd>(key: string): T | undefined {
    const known = this.#kept.get(key);
    if (known) {
      this.#kept.delete(key);
      this.#kept.set(key, known);
    }
    return known as T | undefined;
  }

  set(key: string, factors: Svd | Hosvd): void {
    const before = this.#kept.get(key);
    if (before) this.#bytes -= bytesIn(before);
    this.#kept.delete(key);
    this.#kept.set(key, factors);
    this.#bytes += bytesIn(factors);
    for (const [oldest, entry] of this.#kept) {
      if (this.#bytes <= this.budget || oldest === key) break;
      this.#kept.delete(oldest);
      this.#bytes -= bytesIn(entry);
    }
  }
}

/** Spectra and bases of weights. A layer that is looked at more than once is factorised once. */
export class Factorisations {
  /**
   * `budget`: how many bytes to keep; the least recently used entries are dropped first. `whole`: make the whole basis
   * where part of it is asked for, so that another rank of the same layer costs nothing more.
   */
  constructor(
    readonly backend: Backend,
    budget = 256e6,
    private readonly whole = true,
    private readonly store = new Store(budget),
  ) {}

  /**
   * Whether vectors of the weight with this key are kept. Singular values alone do not count: the vectors take the
   * time.
   */
  has(key: string): boolean {
    const known = this.store.peek(key);
    return known !== undefined && ('core' in known || known.basis.length > 0);
  }

  /** The same factorisations for a run over many layers, which makes no more of a basis than is asked for. */
  forRun(): Factorisations {
    return new Factorisations(this.backend, undefined, false, this.store);
  }

  /**
   * SVD of a matrix [m, n] with at least `count` vectors: all of them by default; 0 gives the singular values alone. A
   * 1×1 convolution is a matrix.
   */
  async matrix(
    leaf: Dense,
    values: Float32Array<ArrayBuffer>,
    { count, ...call }: LongCall & { readonly count?: Count | undefined } = {},
  ): Promise<Svd> {
    const [rows, columns] = leaf.shape as [number, number];
    const short = Math.min(rows, columns);
    const known = leaf.key === undefined ? undefined : this.store.get<Svd>(leaf.key);
    if (known) {
      const needed = typeof count === 'function' ? count(known.values) : (count ?? short);
      if (known.basis.length >= needed * short) return known;
    }
    const factors = await svd(
      this.backend,
      { values, rows, columns },
      { ...call, count: this.whole && count !== 0 ? undefined : count },
    );
    if (leaf.key !== undefined) this.store.set(leaf.key, factors);
    return factors;
  }

  /** HOSVD of a convolution's channel unfoldings. */
  async convolution(leaf: Dense, values: Float32Array<ArrayBuffer>, call: LongCall = {}): Promise<Hosvd> {
    const known = leaf.key === undefined ? undefined : this.store.get<Hosvd>(leaf.key);
    if (known) return known;
    const [out, inner, ...kernel] = leaf.shape as [number, number, ...number[]];
    const taps = kernel.reduce((count, size) => count * size, 1);
    const factors = await hosvd(this.backend, { values, out, in: inner, taps }, call);
    if (leaf.key !== undefined) this.store.set(leaf.key, factors);
    return factors;
  }
}

const bytesIn = (factors: object): number =>
  Object.values(factors).reduce((sum, value) => sum + (ArrayBuffer.isView(value) ? value.byteLength : 0), 0);
