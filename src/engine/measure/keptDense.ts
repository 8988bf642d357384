import type { Backend, BackendWeight } from '../backend/backend';
import { seeded } from '../core/random';
import { plannedDense } from '../operators/dense/dense';
import { filled } from '../operators/filled';
import type { FloatType } from '../operators/operator';

/** A weight with more values is not kept. Nobody moves a slider quickly over so large a layer. */
const MOST_WEIGHTS = 2 ** 22;

export interface DenseSizes {
  readonly shape: readonly number[];
  readonly type: FloatType;
}

/**
 * A dense weight with random contents on a backend, to compare a form with. The last one stays prepared: while a slider
 * moves, only the form changes, and to prepare a large dense weight takes longer than to multiply with it.
 */
export class KeptDense {
  #kept: { readonly key: string; readonly weight: BackendWeight } | undefined;
  #isClosed = false;

  constructor(readonly backend: Backend) {}

  /** Runs `work` with the weight, which is only valid meanwhile. */
  async use<T>({ shape, type }: DenseSizes, work: (weight: BackendWeight) => Promise<T>): Promise<T> {
    const key = JSON.stringify([shape, type]);
    const kept = this.#kept?.key === key ? this.#kept.weight : undefined;
    // Taken out while it is at work: a job that gave way too late may still measure when the next one begins.
    if (kept) this.#kept = undefined;
    else this.#free();
    const weight = kept ?? (await this.backend.prepare(filled(plannedDense(shape, type), seeded(1))));
    let isUsable = true;
    try {
      return await work(weight);
    } catch (error) {
      // An abort does no harm. After any other error, the device of the weight may be lost.
      isUsable = (error as Error | undefined)?.name === 'AbortError';
      throw error;
    } finally {
      if (isUsable && !this.#isClosed && weight.rows * weight.columns <= MOST_WEIGHTS) {
        this.#free();
        this.#kept = { key, weight };
      } else weight.free();
    }
  }

  /** Keeps nothing any more: the model or the backend is replaced. */
  close(): void {
    this.#isClosed = true;
    this.#free();
  }

  #free(): void {
    this.#kept?.weight.free();
    this.#kept = undefined;
  }
}
