import { version } from '../../../../package.json';
import { hashText, sha256 } from '../../core/sha256';
import type { Dataset } from '../../evaluation/dataset';
import { hashDataset } from '../../evaluation/hashDataset';
import { hashModel } from '../../model/hashModel';
import type { Model } from '../../model/model';
import { filesOf, writtenBytes } from '../../model/write';
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
  /** The keys of all layers that share the step's budget, and which of them this layer is; absent where each has its own. */
  readonly shared?: { readonly by: readonly string[]; readonly at: number };
}

/** What a step looks at in the data. */
export interface SeenInputs {
  /** Ids of the layers whose inputs it looks at. */
  readonly inputsOf: readonly string[];
  /** The model that the data were run through: as it was opened, but for the units that steps cut out of it. */
  readonly ranThrough: Model;
}

/**
 * Names the result of a step on a layer by the hash of everything that it follows from: the weight's values, the
 * operator that uses it, the steps so far, the seed, the backend and the version of this program. A step that looks at
 * data also depends on the data and, as the layer's input is computed by the layers before it, on the whole model and on
 * the layer's place in it.
 */
export class ResultKeys {
  /** Hashing the data takes long, and every layer needs it. */
  #dataHash: string | undefined;
  readonly #hashesOfCut = new WeakMap<Model, Promise<string>>();

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

  /** After one more step. `seen` is absent where the step looks at no data. */
  async afterStep(before: string, step: KeyedStep, seen: SeenInputs | undefined): Promise<string> {
    const { dataset } = this.facts;
    if (seen && dataset) this.#dataHash ??= hashDataset(dataset);
    const looked = seen && {
      model: await this.#hashOf(seen.ranThrough),
      data: this.#dataHash,
      inputsOf: seen.inputsOf,
    };
    return digest({ before, step, seen: looked });
  }

  #hashOf(model: Model): Promise<string> {
    const { model: opened, signal } = this.facts;
    if (model === opened) return hashModel(model, signal);
    let hash = this.#hashesOfCut.get(model);
    if (!hash) {
      hash = hashAsWritten(model, signal);
      this.#hashesOfCut.set(model, hash);
    }
    return hash;
  }
}

/** A model that was cut still names the files that it was opened from: it is hashed as it would be written. */
async function hashAsWritten(model: Model, signal: AbortSignal | undefined): Promise<string> {
  const files = filesOf(model, 'cut.onnx');
  const hash = sha256(writtenBytes(files));
  for (const file of files) for await (const chunk of file.chunks({ signal })) hash.update(chunk);
  return hash.hex();
}

const digest = (facts: object): string => hashText(JSON.stringify(facts));
