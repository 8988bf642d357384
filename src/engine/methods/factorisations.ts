import type { Backend } from '../backend';
import { type Svd, svd } from '../linalg/svd';
import { type Hosvd, hosvd } from '../linalg/tucker2';
import type { Dense } from '../operators/operator';
import type { LongCall } from '../progress';

/** Spectra and bases of weights, so that looking at a spectrum and then compressing factorises once. */
export class Factorisations {
  readonly #kept = new Map<string, { readonly factors: Svd | Hosvd; readonly bytes: number }>();
  #bytes = 0;

  /** `budget`: bytes of bases to keep; the least recently used go first. */
  constructor(
    readonly backend: Backend,
    private readonly budget = 256e6,
  ) {}

  /** Whether the bases of the weight with this key are kept. */
  has(key: string): boolean {
    return this.#kept.has(key);
  }

  /** SVD of a matrix [m, n] (a 1×1 convolution counts as one). */
  matrix(leaf: Dense, values: Float32Array<ArrayBuffer>, call: LongCall = {}): Promise<Svd> {
    const [rows, columns] = leaf.shape as [number, number];
    return this.#once(leaf, () => svd(this.backend, { values, rows, columns }, call));
  }

  /** HOSVD of a convolution's channel unfoldings. */
  convolution(leaf: Dense, values: Float32Array<ArrayBuffer>, call: LongCall = {}): Promise<Hosvd> {
    const [out, inner, ...kernel] = leaf.shape as [number, number, ...number[]];
    const taps = kernel.reduce((count, size) => count * size, 1);
    return this.#once(leaf, () => hosvd(this.backend, { values, out, in: inner, taps }, call));
  }

  async #once<T extends Svd | Hosvd>(leaf: Dense, compute: () => Promise<T>): Promise<T> {
    const known = leaf.key === undefined ? undefined : this.#kept.get(leaf.key);
    if (known) {
      this.#kept.delete(leaf.key!);
      this.#kept.set(leaf.key!, known);
      return known.factors as T;
    }
    const factors = await compute();
    if (leaf.key !== undefined) this.#keep(leaf.key, factors);
    return factors;
  }

  #keep(key: string, factors: Svd | Hosvd): void {
    const bytes = bytesIn(factors);
    this.#kept.set(key, { factors, bytes });
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#kept) {
      if (this.#bytes <= this.budget || oldest === key) break;
      this.#kept.delete(oldest);
      this.#bytes -= entry.bytes;
    }
  }
}

const bytesIn = (factors: object): number =>
  Object.values(factors).reduce((sum, value) => sum + (ArrayBuffer.isView(value) ? value.byteLength : 0), 0);
