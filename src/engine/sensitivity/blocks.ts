import { create } from '@bufbuild/protobuf';
import { ValueInfoProtoSchema } from 'onnx-buf';
import { withOutputs } from '../calibration/running';
import type { LongCall } from '../core/progress';
import { toNumbers } from '../evaluation/convert';
import type { Damage } from '../evaluation/damage';
import { openModel } from '../evaluation/openModel';
import { dropParts, type ResidualPart } from '../model/residualParts';
import type { HostTensor } from '../runtime';
import type { SweepContext } from './layerSweep';
import type { OriginalAnswers } from './originalAnswers';

/**
 * The influence of each part on what it adds to: 1 − the mean cosine of its input and its output, over positions and
 * samples (Men et al. 2024, block influence). 0: it hands its input on as it is. NaN where nothing could be read.
 */
export async function influencesOf(
  parts: readonly ResidualPart[],
  answers: OriginalAnswers,
  { given, runtime, provider }: SweepContext,
  { signal }: LongCall,
): Promise<number[]> {
  const names = [...new Set(parts.flatMap(({ input, output }) => [input, output]))];
  const inputs = new Set(given.model.graph.input.map(({ name }) => name));
  const outputs = names.filter((name) => !inputs.has(name)).map((name) => create(ValueInfoProtoSchema, { name }));
  const session = await openModel(withOutputs(given.model, outputs), runtime, { provider, signal });
  const sums = parts.map(() => ({ cosines: 0, rows: 0 }));
  try {
    for (const { feeds } of answers.batches) {
      signal?.throwIfAborted();
      const found: Readonly<Record<string, HostTensor>> = { ...feeds, ...(await session.run(feeds)) };
      for (const [i, { input, output }] of parts.entries()) addCosines(sums[i]!, found[input]!, found[output]!);
    }
  } finally {
    await session.release();
  }
  return sums.map(({ cosines, rows }) => 1 - cosines / rows);
}

/** Rows lie along the last axis; in a feature map [n, channels, …places] the whole map of a sample is one. */
function addCosines(sum: { cosines: number; rows: number }, before: HostTensor, after: HostTensor): void {
  const [x, y] = [toNumbers(before), toNumbers(after)];
  const width = before.dims.length === 4 ? x.length / before.dims[0]! : before.dims.at(-1)!;
  for (let start = 0; start < x.length; start += width) {
    let [dot, a, b] = [0, 0, 0];
    for (let i = start; i < start + width; i++) {
      dot += x[i]! * y[i]!;
      a += x[i]! ** 2;
      b += y[i]! ** 2;
    }
    sum.cosines += a === 0 || b === 0 ? Number(a === b) : dot / Math.sqrt(a * b);
    sum.rows++;
  }
}

/** What the model loses without a part: a run of the whole model. */
export async function damageWithout(
  part: ResidualPart,
  answers: OriginalAnswers,
  context: SweepContext,
  call: LongCall,
): Promise<Damage> {
  const { given, runtime, provider } = context;
  const session = await openModel(dropParts(given.model, given.main, [part]), runtime, { provider, ...call });
  try {
    return await answers.damageOf(session, undefined, call);
  } finally {
    await session.release();
  }
}
