import { messageOf, UserError } from '../errors';
import { batches, type Dataset, fixedBatch } from '../evaluation/dataset';
import { Fidelity } from '../evaluation/fidelity';
import { type Model, readBytes, tensorsOf } from '../model/model';
import type { LongCall } from '../progress';
import type { Session } from '../runtime';

/** How a written file was checked. */
export interface ReadBack {
  /** Both were run and gave the same outputs bit for bit; or, where this runtime can't run the model, all weights did. */
  readonly by: 'outputs' | 'weights';
  /** Samples run, or tensors compared. */
  readonly compared: number;
  /** Why the model was not run. */
  readonly note?: string;
}

/** Samples that the read-back runs on: enough to notice a wrong weight, few enough not to wait for. */
const SAMPLES = 16;

/**
 * Compares a model that was read back from its file with the one that was written. Throws a UserError where they differ:
 * such a file must not be offered.
 */
export async function verify(
  read: Model,
  written: Model,
  context: LongCall & { readonly dataset: () => Dataset; readonly open: (model: Model) => Promise<Session> },
): Promise<ReadBack> {
  const { signal, onProgress, dataset, open } = context;
  onProgress?.({ done: 0, total: 2, label: 'Reading the file back' });
  let reference: Session;
  let data: Dataset;
  try {
    data = dataset();
    reference = await open(written);
  } catch (error) {
    signal?.throwIfAborted();
    return { by: 'weights', compared: await compareWeights(read, written, signal), note: messageOf(error) };
  }
  try {
    const session = await open(read);
    onProgress?.({ done: 1, total: 2, label: 'Running what was read' });
    try {
      return { by: 'outputs', compared: await compareOutputs(session, reference, data, signal) };
    } finally {
      await session.release();
    }
  } finally {
    await reference.release();
  }
}

async function compareOutputs(
  session: Session,
  reference: Session,
  data: Dataset,
  signal?: AbortSignal,
): Promise<number> {
  const fidelity = new Fidelity();
  let samples = 0;
  for (const batch of batches(data, fixedBatch(data) ?? 1)) {
    signal?.throwIfAborted();
    fidelity.add(await reference.run(batch.feeds), await session.run(batch.feeds), batch);
    samples += batch.samples;
    if (samples >= SAMPLES) break;
  }
  const { maxAbsolute } = fidelity.report();
  if (maxAbsolute !== 0) throw differs(`its outputs differ by up to ${maxAbsolute}`);
  return samples;
}

async function compareWeights(read: Model, written: Model, signal?: AbortSignal): Promise<number> {
  const [ours, theirs] = [[...tensorsOf(written.proto)], [...tensorsOf(read.proto)]];
  if (ours.length !== theirs.length) throw differs('tensors are missing');
  for (const [i, tensor] of ours.entries()) {
    signal?.throwIfAborted();
    const [a, b] = [await readBytes(written, tensor), await readBytes(read, theirs[i]!)];
    if (a.length !== b.length || a.some((byte, at) => byte !== b[at])) throw differs(`tensor "${tensor.name}" differs`);
  }
  return ours.length;
}

const differs = (how: string): UserError =>
  new UserError(`The written file is not what was compressed (${how}), so it is not offered: try again.`);
