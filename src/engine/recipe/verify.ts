import { messageOf, UserError } from '../errors';
import { batches, type Dataset, fixedBatch } from '../evaluation/dataset';
import { type Model, readBytes, tensorsOf } from '../model/model';
import type { LongCall } from '../progress';
import type { HostTensor, Session } from '../runtime';

/** How a written file was checked. */
export interface ReadBack {
  /** Both were run and gave the same outputs bit for bit; or, where this runtime can't run the model, all weights did. */
  readonly by: 'outputs' | 'weights';
  /** Samples run, or tensors compared. */
  readonly compared: number;
  /** Why the model was not run. */
  readonly note?: string;
}

export interface VerifyContext extends LongCall {
  /** Samples for the model's inputs; throws where there are none and none can be made up. */
  readonly dataset: () => Dataset;
  readonly open: (model: Model) => Promise<Session>;
}

type Outputs = Readonly<Record<string, HostTensor>>;

/** Samples that the read-back runs on: enough to notice a wrong weight, few enough not to wait for. */
const SAMPLES = 16;

/**
 * Compares a model that was read back from its file with the one that was written, which `original` was made into.
 * Throws a UserError where they differ, or where the runtime runs the original and not what was made of it: such a file
 * must not be offered.
 */
export async function verify(read: Model, written: Model, original: Model, context: VerifyContext): Promise<ReadBack> {
  const { signal, onProgress } = context;
  onProgress?.({ done: 0, total: 2, label: 'Reading the file back' });
  const failure = await failureOf(written, context);
  if (failure !== undefined) {
    if ((await failureOf(original, context)) !== undefined) {
      return { by: 'weights', compared: await compareWeights(read, written, signal), note: failure };
    }
    throw new UserError(
      `${original.name} runs, but what the recipe makes of it does not, so it is not offered: ${failure.replace(/\.$/, '')}; leave out layers until it does.`,
    );
  }
  onProgress?.({ done: 1, total: 2, label: 'Running what was read' });
  return { by: 'outputs', compared: await compareOutputs(read, written, context) };
}

/** Why the runtime can't run the model, if it can't. */
async function failureOf(model: Model, { dataset, open, signal }: VerifyContext): Promise<string | undefined> {
  try {
    const data = dataset();
    const session = await open(model);
    try {
      const [first] = batches(data, fixedBatch(data) ?? 1);
      await session.run(first!.feeds);
    } finally {
      await session.release();
    }
    return undefined;
  } catch (error) {
    signal?.throwIfAborted();
    return messageOf(error);
  }
}

async function compareOutputs(read: Model, written: Model, { dataset, open, signal }: VerifyContext): Promise<number> {
  const data = dataset();
  const reference = await open(written);
  try {
    const session = await open(read);
    try {
      let samples = 0;
      for (const { feeds, samples: more } of batches(data, fixedBatch(data) ?? 1)) {
        signal?.throwIfAborted();
        const expected = await reference.run(feeds);
        const different = difference(await session.run(feeds), expected);
        if (different !== undefined) throw differs(different);
        samples += more;
        if (samples >= SAMPLES) break;
      }
      return samples;
    } finally {
      await session.release();
    }
  } finally {
    await reference.release();
  }
}

/** Which output is not the same bit for bit; NaN is the same as itself. */
function difference(outputs: Outputs, expected: Outputs): string | undefined {
  const name = Object.keys(expected).find((key) => !same(outputs[key], expected[key]!));
  return name === undefined ? undefined : `its output "${name}" differs`;
}

function same(a: HostTensor | undefined, b: HostTensor): boolean {
  if (!a || a.dims.join() !== b.dims.join()) return false;
  if (Array.isArray(a.data) || Array.isArray(b.data)) return String(a.data) === String(b.data);
  const [x, y] = [a.data, b.data].map((data) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return x!.length === y!.length && x!.every((byte, i) => byte === y![i]);
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
