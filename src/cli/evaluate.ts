import { UserError } from '../engine/core/errors';
import { describeDrawing, describeOutputs, describeShapes, KIND_WORDS } from '../engine/evaluation/describe';
import { mayBeNone } from '../engine/evaluation/intervals';
import type { Metric } from '../engine/evaluation/metrics/metric';
import {
  isWeak,
  labelMetricsIn,
  type Measured,
  measuredAgainstLabels,
  measuredCloseness,
} from '../engine/evaluation/metrics/metrics';
import { OUTPUT_KINDS } from '../engine/evaluation/outputKinds';
import type { ChosenKind, EvaluateReport, LatencyReport, OriginalReport } from '../engine/evaluation/report';
import { Project } from '../engine/project/project';
import { classTable } from './classTable';
import { dataFile, modelSource, readModelAt } from './readFiles';
import { shapesOf } from './shapes';
import { openingWatch, watchedRuntime } from './supervised';
import { percent, progressBar, table } from './terminal';

export interface EvaluateCommandOptions {
  readonly data?: string;
  readonly shape?: readonly string[];
  readonly output?: readonly string[];
  readonly batch?: number;
  readonly samples?: number;
  readonly runs?: number;
  readonly perClass?: boolean;
  readonly openLimit?: string;
  readonly json?: boolean;
}

/** `carrara evaluate ORIGINAL.onnx COMPRESSED.onnx`, or one model by itself. */
export async function evaluateCommand(
  originalPath: string,
  compressedPath: string | undefined,
  options: EvaluateCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  const { data, batch, samples, runs, output, json, perClass = false } = options;
  const shapes = shapesOf(options.shape, data === undefined ? undefined : '--data');
  const kinds = kindsOf(output);
  const watch = openingWatch(options.openLimit);
  const project = new Project(watchedRuntime(watch), { madeUp: { shapes, ...(samples !== undefined && { samples }) } });
  const bar = progressBar();
  const job = { id: 'evaluate', signal, onProgress: bar.show };
  await watch.during(`Opening ${originalPath}`, () => project.open(modelSource(originalPath), job));
  const compressed =
    compressedPath === undefined
      ? undefined
      : await watch.during(`Opening ${compressedPath}`, () => readModelAt(compressedPath));
  if (data !== undefined) await watch.during(`Opening ${data}`, () => project.openData(dataFile(data), job));
  try {
    if (!compressed) {
      const report = await project.evaluateOriginal('cpu', job, { batch, samples, kinds });
      bar.clear();
      console.log(json ? JSON.stringify(report, null, 2) : summaryOfOne(report));
      return;
    }
    const report = await project.evaluate(compressed, 'cpu', job, { batch, samples, runs, kinds });
    bar.clear();
    if (perClass && !report.perClass)
      throw new UserError('--per-class needs labels [n] with 1,000 classes at most: give --data FILE that holds some.');
    console.log(json ? JSON.stringify(jsonOf(report, perClass), null, 2) : summary(report, perClass));
  } finally {
    bar.clear();
  }
}

/** What `--output NAME=KIND` says that outputs are. Throws a UserError for a kind that there is not. */
function kindsOf(given: readonly string[] = []): Record<string, ChosenKind> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.lastIndexOf('=');
      const kind = [...OUTPUT_KINDS, 'none' as const].find((kind) => kind === text.slice(at + 1));
      if (at < 1 || kind === undefined)
        throw new UserError(
          `--output "${text}" says no kind: write NAME=KIND, where the kind is ${OUTPUT_KINDS.join(', ')} or none.`,
        );
      return [text.slice(0, at), kind];
    }),
  );
}

/** What `--json` prints. */
export function jsonOf({ timings: _, fidelity, perClass, ...rest }: EvaluateReport, withClasses = false) {
  const { majority, ...closeness } = fidelity;
  return {
    ...rest,
    fidelity: closeness,
    ...(majority !== undefined && { majority }),
    ...(withClasses && perClass && { perClass }),
  };
}

/** A value of a metric: digits that a comparison needs, without its unit. */
function written({ scale }: Metric, value: number): string {
  if (scale === 'distance') return value.toPrecision(3);
  if (scale === 'decibel') return value.toFixed(1);
  return value.toFixed(scale === 'cosine' ? 6 : 4);
}

const named = ({ title, unit }: Metric): string => (unit ? `${title}, ${unit}` : title);

/** "0.9120 (0.8990…0.9230)": the value with its interval of 95 %. */
function withInterval(metric: Metric, value: number, interval: { low: number; high: number } | undefined): string {
  const text = written(metric, value);
  return interval ? `${text} (${written(metric, interval.low)}…${written(metric, interval.high)})` : text;
}

/** "−0.0040 ± 0.0030", or with a sign that it may be none. Relative for ratios. */
function differenceIn({ metric }: Measured, { uncertainty = {} }: EvaluateReport): string {
  const difference = uncertainty[metric.name]?.difference;
  if (!difference) return '';
  const { mean, low, high } = difference;
  const sign = mean < 0 ? '−' : '+';
  const [size, reach] = [Math.abs(mean), (high - low) / 2].map((value) =>
    metric.scale === 'ratio' ? (100 * value).toFixed(2) : value.toFixed(4),
  );
  return `${sign}${size} ± ${reach}${metric.scale === 'ratio' ? ' %' : ''}${mayBeNone(difference) ? ', may be none' : ''}`;
}

/** What is printed of one model by itself. */
function summaryOfOne({ values, intervals, outputs, samples, data }: OriginalReport): string {
  const rows = labelMetricsIn(values).map((metric) => [
    metric.fullTitle,
    withInterval(metric, values[metric.name]!, intervals[metric.name]),
  ]);
  return [
    ...(rows.length > 0
      ? [table(['', 'value'], rows), '', 'In brackets: intervals of 95 % confidence.', `${samples} samples, ${data}`]
      : [
          'There are no labels to measure accuracy against: give --data FILE with labels, or a second model to compare.',
        ]),
    `Outputs: ${outputs.map(({ name, kind }) => `${name} (${KIND_WORDS[kind]})`).join(', ')}.`,
  ].join('\n');
}

/** What is printed for people. */
export function summary(report: EvaluateReport, perClass = false): string {
  const { fidelity, latencyMs, batch, samples, data, shapes, uncertainty = {} } = report;
  const labelled = measuredAgainstLabels(report);
  const closeness = measuredCloseness(report);
  // Without labels, the first metric of closeness stands at the top.
  const top = labelled.length > 0 ? labelled : closeness.slice(0, 1);
  const rest = labelled.length > 0 ? closeness : closeness.slice(1);
  const weak = closeness.find(({ metric }) => isWeak(metric, report));
  const ms = ({ median, p10, p90 }: LatencyReport) => `${median.toFixed(2)} (${p10.toFixed(2)}…${p90.toFixed(2)})`;
  const row = (measured: Measured, name: string, before: boolean) => {
    const { metric } = measured;
    const { before: ofBefore, after: ofAfter } = uncertainty[metric.name] ?? {};
    return [
      name,
      before ? withInterval(metric, measured.before, ofBefore) : '',
      withInterval(metric, measured.after, ofAfter),
      differenceIn(measured, report),
    ];
  };
  return [
    table(
      ['', 'original', 'compressed', 'difference'],
      [
        ...top.map((measured) => row(measured, measured.metric.fullTitle, true)),
        ...(latencyMs
          ? [[`latency, ms, batch of ${batch}: median (p10…p90)`, ms(latencyMs.before), ms(latencyMs.after), '']]
          : []),
        ...rest.map((measured) => row(measured, named(measured.metric), false)),
      ],
    ),
    '',
    ...(Object.keys(uncertainty).length > 0
      ? ['In brackets: intervals of 95 % confidence. Differences are paired by sample.']
      : []),
    `${samples} samples, ${data === 'generated' ? 'generated from the declared inputs: only real data tells whether the model still works' : data}`,
    ...[describeOutputs(report) ?? []].flat(),
    ...(shapes && Object.keys(shapes).length > 0
      ? [`Shapes made up: ${describeShapes(shapes)}; --shape NAME=SIZES chooses others.`]
      : []),
    ...(data === 'generated' && fidelity.maxAbsolute === 0
      ? ['Every output is the same to the last bit: on these inputs it may not depend on what was compressed.']
      : []),
    ...[describeDrawing(report) ?? []].flat(),
    ...(weak
      ? [
          `The original gives the same answer at ${percent(fidelity.majority!)} of the positions: agreement says little here.`,
        ]
      : []),
    ...(perClass && report.perClass ? ['', classTable(report.perClass)] : []),
  ].join('\n');
}
