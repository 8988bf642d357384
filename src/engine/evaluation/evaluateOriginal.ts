import { Pacer } from '../core/progress';
import type { Session } from '../runtime';
import { batchSize } from './batchSize';
import { isFloat } from './convert';
import { batches, type Dataset } from './dataset';
import type { EvaluateOptions } from './evaluate';
import { kindIn } from './fidelity';
import type { OriginalReport } from './report';
import { Score } from './score';

/**
 * Runs the original alone on its data: its values against the labels, where there are some, and what its outputs are.
 * The outputs that `originalOutputs` keeps are used in the next comparison on the same data.
 */
export async function evaluateOriginal(
  original: Session,
  dataset: Dataset,
  options: Pick<EvaluateOptions, 'provider' | 'batch' | 'originalOutputs' | 'kinds' | 'signal' | 'onProgress'>,
): Promise<OriginalReport> {
  const { provider, signal, onProgress, originalOutputs, kinds } = options;
  const size = await batchSize(original, dataset, options);
  const pacer = new Pacer(signal);
  const { labels, generated } = dataset;
  const score = labels && new Score(labels);
  let outputs: OriginalReport['outputs'] = [];
  for (const batch of batches(dataset, size)) {
    signal?.throwIfAborted();
    onProgress?.({ done: batch.start, total: dataset.samples, label: 'Running the original' });
    const run = () => original.run(batch.feeds);
    const answer = await (originalOutputs?.get(dataset, provider, batch, run) ?? run());
    score?.add(answer, batch);
    if (batch.start === 0) {
      outputs = Object.entries(answer)
        .filter(([, { type }]) => isFloat(type))
        .map(([name, tensor]) => ({
          name,
          kind: kindIn(name, tensor, batch, { kinds, generated, labelled: score?.output }),
        }));
    }
    // Without labels, the first run tells all.
    if (!score) break;
    await pacer.breathe();
  }
  const scores = score?.scores ?? [];
  return {
    values: Object.fromEntries(scores.map(({ metric, mean }) => [metric.name, mean.value])),
    intervals: Object.fromEntries(
      scores.flatMap(({ metric, mean }) => (mean.interval ? [[metric.name, mean.interval]] : [])),
    ),
    outputs,
    samples: dataset.samples,
    ...(dataset.of !== undefined && { samplesOf: dataset.of }),
    data: dataset.name,
    provider,
  };
}
