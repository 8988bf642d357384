import { UserError } from '../core/errors';
import { type LongCall, Pacer } from '../core/progress';
import type { RandomNode } from '../model/randomNodes';
import type { HostTensor, Provider, Session } from '../runtime';
import { type Batch, batches, type Dataset, fixedBatch } from './dataset';
import { Fidelity } from './fidelity';
import { LATENCY_DEFAULTS, type LatencyOptions, measureLatency } from './latency';
import { firstDifference } from './makeUpInputs';
import { CLOSENESS, closenessMetrics } from './metrics/metrics';
import { bytesOf, type OutputCache } from './outputCache';
import type { EvaluateReport, FidelityReport } from './report';
import { Score } from './score';

type Outputs = Readonly<Record<string, HostTensor>>;

export interface EvaluateOptions extends LongCall {
  /** What both sessions run on; it is only reported. */
  readonly provider: Provider;
  /** Samples per run; chosen by `chooseBatch` where it is left out, and fixed where the model fixes it. */
  readonly batch?: number;
  readonly latency?: Pick<LatencyOptions, 'runs' | 'budgetMs'>;
  /** Keeps the original's outputs for the next evaluation on the same data set. */
  readonly originalOutputs?: OutputCache;
  /** Nodes of the models that draw at random, for the report. */
  readonly random?: readonly RandomNode[];
}

/**
 * Runs both models on the same data and compares their outputs: with the labels where the data has labels, and always
 * with each other. Then times both models on the first batch. Memory does not grow with the number of samples, except
 * for what `originalOutputs` keeps. Throws a UserError where the inputs of the models differ, where no output fits the
 * labels, or where an output is NaN or infinite.
 */
export async function evaluate(
  original: Session,
  compressed: Session,
  dataset: Dataset,
  options: EvaluateOptions,
): Promise<EvaluateReport> {
  const { provider, signal, onProgress, originalOutputs } = options;
  const stranger = compressed.inputNames.find((name) => !original.inputNames.includes(name));
  if (stranger !== undefined) {
    throw new UserError(
      `The compressed model has an input "${stranger}", which the original lacks; compare it with its own original.`,
    );
  }
  const choose = () => chooseBatch(original, dataset);
  const size =
    fixedBatch(dataset) ?? options.batch ?? (await (originalOutputs?.batch(dataset, provider, choose) ?? choose()));
  const runs = options.latency?.runs ?? LATENCY_DEFAULTS.runs;
  const total = dataset.samples + runs;
  const pacer = new Pacer(signal);
  const fidelity = new Fidelity();
  const { labels } = dataset;
  const scores = labels && { before: new Score(labels), after: new Score(labels) };

  let itself: FidelityReport | undefined;
  for (const batch of batches(dataset, size)) {
    signal?.throwIfAborted();
    onProgress?.({ done: batch.start, total, label: 'Comparing outputs' });
    const run = () => original.run(batch.feeds);
    const before = await (originalOutputs?.get(dataset, provider, batch, run) ?? run());
    const after = await compressed.run(batch.feeds);
    if (batch.start === 0) {
      signal?.throwIfAborted();
      itself = closenessToItself(before, await run(), batch);
    }
    fidelity.add(before, after, batch);
    scores?.before.add(before, batch);
    scores?.after.add(after, batch);
    await pacer.breathe();
  }
  const report = fidelity.report();
  const [first] = batches(dataset, size);
  const latency = await measureLatency(original, compressed, first.feeds, {
    ...options.latency,
    signal,
    onProgress: ({ done, label }) => onProgress?.({ done: dataset.samples + done, total, label }),
  });
  return {
    ...(scores ? againstLabels(scores.before.values, scores.after.values) : againstOriginal(report)),
    fidelity: report,
    ...(itself && { itself }),
    ...(options.random && options.random.length > 0 && { random: options.random }),
    batch: first.fed,
    ...latency,
    samples: dataset.samples,
    ...(dataset.of !== undefined && { samplesOf: dataset.of }),
    data: dataset.name,
    ...(dataset.shapes && { shapes: dataset.shapes }),
    provider,
  };
}

function againstLabels(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>) {
  const values = [...before].map(([name, value]) => [name, { before: value, after: after.get(name)! }] as const);
  const [[metric, first], ...others] = values;
  return { metric, ...first, ...(others.length > 0 && { others: Object.fromEntries(others) }) };
}

/** Without labels, the first metric against the original stands for the run. */
const againstOriginal = (report: FidelityReport) => ({
  metric: CLOSENESS,
  before: 1,
  after: report[closenessMetrics()[0].name],
});

/** How close two answers of one model to the same input are; undefined where they are equal or cannot be compared. */
function closenessToItself(first: Outputs, second: Outputs, batch: Batch): FidelityReport | undefined {
  if (firstDifference(second, first) === undefined) return undefined;
  const fidelity = new Fidelity();
  fidelity.add(first, second, batch);
  try {
    return fidelity.report();
  } catch {
    return undefined;
  }
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
