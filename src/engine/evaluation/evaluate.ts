import { UserError } from '../core/errors';
import { type LongCall, Pacer } from '../core/progress';
import type { RandomNode } from '../model/randomNodes';
import type { HostTensor, Provider, Session } from '../runtime';
import { batchSize } from './batchSize';
import { type Batch, batches, type Dataset } from './dataset';
import { Fidelity, type FidelityOptions } from './fidelity';
import type { KeptLatency } from './keptLatency';
import { LATENCY_DEFAULTS, type LatencyOptions, measureLatency } from './latency';
import { firstDifference } from './makeUpInputs';
import type { LabelMetric } from './metrics/metric';
import { CLOSENESS, closenessMetrics } from './metrics/metrics';
import type { OutputCache } from './outputCache';
import { perClass } from './perClass';
import type { EvaluateReport, FidelityReport } from './report';
import { type MetricScore, Score } from './score';
import { uncertaintyOfFidelity, uncertaintyOfScores } from './uncertainty';

type Outputs = Readonly<Record<string, HostTensor>>;

export interface EvaluateOptions extends LongCall {
  /** What both sessions run on; it is only reported. */
  readonly provider: Provider;
  /** Samples per run; chosen by `chooseBatch` where it is left out, and fixed where the model fixes it. */
  readonly batch?: number;
  /** No runs: latency is not measured. `kept`: the original's timings, from one evaluation to the next. */
  readonly latency?: Pick<LatencyOptions, 'runs' | 'budgetMs'> & { readonly kept?: KeptLatency };
  /** What outputs are, by name, where the user says so. */
  readonly kinds?: FidelityOptions['kinds'];
  /** Called with everything but latency, as soon as that is known. */
  readonly onCompared?: (report: EvaluateReport) => void;
  /** Keeps the original's outputs for the next evaluation on the same data set. */
  readonly originalOutputs?: OutputCache;
  /** Nodes of the models that draw at random, for the report. */
  readonly random?: readonly RandomNode[];
}

/**
 * Runs both models on the same data and compares their outputs: with the labels where the data has labels, and always
 * with each other. Then times both models on the first batch, unless no runs are asked for. Memory does not grow with
 * the number of samples, except for what `originalOutputs` keeps and some numbers of each sample. Throws a UserError
 * where the inputs of the models differ, where no output fits the labels, or where an output is NaN or infinite.
 */
export async function evaluate(
  original: Session,
  compressed: Session,
  dataset: Dataset,
  options: EvaluateOptions,
): Promise<EvaluateReport> {
  const { provider, signal, onProgress, originalOutputs, kinds } = options;
  const stranger = compressed.inputNames.find((name) => !original.inputNames.includes(name));
  if (stranger !== undefined) {
    throw new UserError(
      `The compressed model has an input "${stranger}", which the original lacks; compare it with its own original.`,
    );
  }
  const size = await batchSize(original, dataset, options);
  const runs = options.latency?.runs ?? LATENCY_DEFAULTS.runs;
  const total = dataset.samples + runs;
  const pacer = new Pacer(signal);
  const fidelityOptions = { kinds, generated: dataset.generated };
  const fidelity = new Fidelity(fidelityOptions);
  const { labels } = dataset;
  const scores = labels && { before: new Score(labels), after: new Score(labels) };

  let itself: FidelityReport | undefined;
  for (const batch of batches(dataset, size)) {
    signal?.throwIfAborted();
    onProgress?.({ done: batch.start, total, label: 'Comparing outputs' });
    const run = () => original.run(batch.feeds);
    const before = await (originalOutputs?.get(dataset, provider, batch, run) ?? run());
    const after = await compressed.run(batch.feeds);
    scores?.before.add(before, batch);
    scores?.after.add(after, batch);
    if (batch.start === 0) {
      signal?.throwIfAborted();
      itself = closenessToItself(before, await run(), batch, fidelityOptions);
    }
    fidelity.add(before, after, batch, scores?.before.output);
    await pacer.breathe();
  }
  const closeness = fidelity.report();
  const [first] = batches(dataset, size);
  const report: EvaluateReport = {
    ...(scores ? againstLabels(scores.before.scores, scores.after.scores, labels!.ids) : againstOriginal(closeness)),
    fidelity: closeness,
    uncertainty: {
      ...uncertaintyOfFidelity(fidelity),
      ...(scores && uncertaintyOfScores(scores.before.scores, scores.after.scores)),
    },
    outputs: fidelity.outputs(),
    ...(itself && { itself }),
    ...(options.random && options.random.length > 0 && { random: options.random }),
    batch: first!.fed,
    samples: dataset.samples,
    ...(dataset.of !== undefined && { samplesOf: dataset.of }),
    data: dataset.name,
    ...(dataset.shapes && { shapes: dataset.shapes }),
    provider,
  };
  options.onCompared?.(report);
  if (runs === 0) return report;
  const { kept, ...howOften } = options.latency ?? {};
  const latency = await measureLatency(original, compressed, first!.feeds, {
    ...howOften,
    known: kept?.of(provider, first!.feeds, runs),
    signal,
    onProgress: ({ done, label }) => onProgress?.({ done: dataset.samples + done, total, label }),
  });
  kept?.keep(provider, first!.feeds, runs, latency.timings.before);
  return { ...report, ...latency };
}

function againstLabels(before: readonly MetricScore[], after: readonly MetricScore[], ids: Int32Array) {
  const values = before.map(
    ({ metric, mean }, i) => [metric.name, { before: mean.value, after: after[i]!.mean.value }] as const,
  );
  const [[metric, first], ...others] = values as [(typeof values)[number], ...typeof values];
  const top1 = before.findIndex(({ metric }) => isOfClasses(metric));
  const classes = top1 < 0 ? undefined : perClass(ids, before[top1]!.mean.sums, after[top1]!.mean.sums);
  return {
    metric,
    ...first,
    ...(others.length > 0 && { others: Object.fromEntries(others) }),
    ...(classes && { perClass: classes }),
  };
}

/** The metric whose samples are right or wrong, one each. */
const isOfClasses = ({ name }: LabelMetric): boolean => name === 'top1';

/** Without labels, the first metric that fits stands for the run. */
function againstOriginal(report: FidelityReport) {
  const first = closenessMetrics().find(({ name, shown }) => shown !== 'nowhere' && Object.hasOwn(report, name))!;
  return { metric: CLOSENESS, before: first.same, after: report[first.name]! };
}

/** How close two answers of one model to the same input are; undefined where they are equal or cannot be compared. */
function closenessToItself(
  first: Outputs,
  second: Outputs,
  batch: Batch,
  options: FidelityOptions,
): FidelityReport | undefined {
  if (firstDifference(second, first) === undefined) return undefined;
  const fidelity = new Fidelity(options);
  fidelity.add(first, second, batch);
  try {
    return fidelity.report();
  } catch {
    return undefined;
  }
}
