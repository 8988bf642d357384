import type { Provider, Session } from '../runtime';
import { batches, type Dataset, fixedBatch } from './dataset';
import { bytesOf, type OutputCache } from './outputCache';

interface BatchOptions {
  readonly provider: Provider;
  /** Samples per run; chosen by `chooseBatch` where it is left out, and fixed where the model fixes it. */
  readonly batch?: number | undefined;
  /** Keeps what was chosen. */
  readonly originalOutputs?: OutputCache | undefined;
}

/** Samples per run: what the model fixes, what the user chose, or what fits. */
export async function batchSize(
  original: Session,
  dataset: Dataset,
  { batch, provider, originalOutputs }: BatchOptions,
): Promise<number> {
  const choose = () => chooseBatch(original, dataset);
  return fixedBatch(dataset) ?? batch ?? (await (originalOutputs?.batch(dataset, provider, choose) ?? choose()));
}

const LARGEST_BATCH = 32;
// The most bytes of inputs, or of outputs, in one run. Comparing them takes half a second, so cancelling stays prompt.
const BATCH_BYTES = 32 * 2 ** 20;

/**
 * The number of samples per run: as many as fit the memory, at most 32, since throughput hardly grows beyond that. It
 * is 1 where the model fails with more, although it leaves the dimension open: exporters write the batch that they
 * traced into Reshape nodes.
 */
export async function chooseBatch(original: Session, dataset: Dataset): Promise<number> {
  const [one] = batches(dataset, 1);
  const bytes = Math.max(1, bytesOf(one.feeds), bytesOf(await original.run(one.feeds)));
  const size = Math.max(1, Math.min(LARGEST_BATCH, dataset.samples, Math.floor(BATCH_BYTES / bytes)));
  if (size === 1) return size;
  const [first] = batches(dataset, size);
  return original.run(first.feeds).then(
    () => size,
    () => 1,
  );
}
