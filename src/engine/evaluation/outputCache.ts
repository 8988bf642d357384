import type { HostTensor, Provider } from '../runtime';
import type { Dataset } from './dataset';

type Outputs = Record<string, HostTensor>;

/**
 * Keeps the outputs of one model on its latest data, so that the model need not run again for the next comparison. It
 * holds at most `limit` bytes; other outputs are computed each time. There is one cache for each original model.
 */
export class OutputCache {
  #dataset: Dataset | undefined;
  #provider: Provider | undefined;
  #outputs = new Map<number, Outputs>();
  #bytes = 0;
  #batch: number | undefined;

  constructor(private readonly limit = 64 * 2 ** 20) {}

  /** The outputs for the batch that starts at sample `start`; `compute` runs the model where they are not known. */
  async get(
    dataset: Dataset,
    provider: Provider,
    { start, fed }: { readonly start: number; readonly fed: number },
    compute: () => Promise<Outputs>,
  ): Promise<Outputs> {
    this.#turnTo(dataset, provider);
    // Batches of another size start at other samples, or hold other numbers of them.
    const slot = start * 2 ** 20 + fed;
    const known = this.#outputs.get(slot);
    if (known) return known;
    const outputs = await compute();
    const bytes = bytesOf(outputs);
    if (this.#dataset === dataset && this.#provider === provider && this.#bytes + bytes <= this.limit) {
      this.#outputs.set(slot, outputs);
      this.#bytes += bytes;
    }
    return outputs;
  }

  /** The batch size that `choose` found for this data set. */
  async batch(dataset: Dataset, provider: Provider, choose: () => Promise<number>): Promise<number> {
    this.#turnTo(dataset, provider);
    return this.#batch ?? (this.#batch = await choose());
  }

  #turnTo(dataset: Dataset, provider: Provider): void {
    if (this.#dataset === dataset && this.#provider === provider) return;
    this.#dataset = dataset;
    this.#provider = provider;
    this.#outputs.clear();
    this.#bytes = 0;
    this.#batch = undefined;
  }
}

export const bytesOf = (tensors: Readonly<Record<string, HostTensor>>): number =>
  Object.values(tensors).reduce((sum, { data }) => sum + (Array.isArray(data) ? data.length : data.byteLength), 0);
