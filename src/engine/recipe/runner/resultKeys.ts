import { version } from '../../../../package.json';
import { hashText, sha256 } from '../../core/sha256';
import type { Dataset } from '../../evaluation/dataset';
import { hashDataset } from '../../evaluation/hashDataset';
import { hashModel } from '../../model/hashModel';
import type { Model } from '../../model/model';
import type { Dense } from '../../operators/operator';

/** What results depend on beside the layer and its steps. */
export interface RunFacts {
  /** As it was opened. */
  readonly model: Model;
  readonly opset: number;
  readonly seed: number;
  readonly backend: 'gpu' | 'cpu';
  readonly dataset?: Dataset | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A step as far as results depend on it. */
export interface KeyedStep {
  readonly method: string;
  /** All of them, defaults included. */
  readonly options: unknown;
  /** Whether it looks at statistics of the layer's input. */
  readonly looksAtData: boolean;
  /** The keys of all layers that share the step's budget; absent where each has its own. */
  readonly sharedBy?: readonly string[];
}

/**
 * Names the result of a step on a layer by the hash of everything that it follows from: the weight's values, the
 * operator that uses it, the steps so far, the seed, the backend and the version of this program. A step that looks at
 * data also depends on the data and, as the layer's input is computed by the layers before it, on the whole model.
 */
export class ResultKeys {
  /** Hashing the data takes long, and every layer needs it. */
  #dataHash: string | undefined;

  constructor(private readonly facts: RunFacts) {}

  /** Of a layer before its first step, or after units of it were cut. `normShare`: see `LayerProgress`. */
  async ofWeight(weight: Dense, op: string, normShare: number): Promise<string> {
    const { opset, seed, backend } = this.facts;
    const values = await weight.toDense();
    const hash = sha256(values.byteLength);
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    const { shape, type } = weight;
    return digest({ version, weight: await hash.hex(), shape, type, op, opset, seed, backend, normShare });
  }

  /** After one more step; `cuts`: the steps before that cut units from the model, on which the layer's input depends. */
  async afterStep(before: string, { looksAtData, ...step }: KeyedStep, cuts: readonly unknown[]): Promise<string> {
    const { model, dataset, signal } = this.facts;
    if (looksAtData && dataset) this.#dataHash ??= hashDataset(dataset);
    const seen = looksAtData && {
      model: await hashModel(model, signal),
      data: this.#dataHash,
      cuts,
    };
    return digest({ before, step, seen });
  }
}

const digest = (facts: object): string => hashText(JSON.stringify(facts));
