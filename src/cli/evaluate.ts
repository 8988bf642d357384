import { describeDrawing, describeShapes } from '../engine/evaluation/describe';
import type { Metric } from '../engine/evaluation/metrics/metric';
import { closenessMetrics, isWeak, type Measured, measuredAgainstLabels } from '../engine/evaluation/metrics/metrics';
import type { EvaluateReport, LatencyReport } from '../engine/evaluation/report';
import { Project } from '../engine/project/project';
import { dataFile, modelSource, readModelAt } from './readFiles';
import { shapesOf } from './shapes';
import { openingWatch, watchedRuntime } from './supervised';
import { percent, progressBar, table } from './terminal';

/** `carrara evaluate ORIGINAL.onnx COMPRESSED.onnx` */
export async function evaluateCommand(
  originalPath: string,
  compressedPath: string,
  options: {
    readonly data?: string;
    readonly shape?: readonly string[];
    readonly openLimit?: string;
    readonly json?: boolean;
  },
  signal: AbortSignal,
): Promise<void> {
  const { data } = options;
  const shapes = shapesOf(options.shape, data === undefined ? undefined : '--data');
  const watch = openingWatch(options.openLimit);
  const project = new Project(watchedRuntime(watch), { madeUp: { shapes } });
  const bar = progressBar();
  const job = { id: 'evaluate', signal, onProgress: bar.show };
  await watch.during(`Opening ${originalPath}`, () => project.open(modelSource(originalPath), job));
  const compressed = await watch.during(`Opening ${compressedPath}`, () => readModelAt(compressedPath));
  if (data !== undefined) await watch.during(`Opening ${data}`, () => project.openData(dataFile(data), job));
  try {
    const report = await project.evaluate(compressed, 'cpu', job);
    bar.clear();
    console.log(options.json ? JSON.stringify(jsonOf(report), null, 2) : summary(report));
  } finally {
    bar.clear();
  }
}

/** What `--json` prints. */
export function jsonOf({ timings: _, fidelity, ...rest }: EvaluateReport) {
  const { majority, ...closeness } = fidelity;
  return { ...rest, fidelity: closeness, majority };
}

/** A value of a metric: digits that a comparison needs, without its unit. */
function written({ scale }: Metric, value: number): string {
  if (scale === 'distance') return value.toPrecision(3);
  return value.toFixed(scale === 'cosine' ? 6 : 4);
}

const named = ({ title, unit }: Metric): string => (unit ? `${title}, ${unit}` : title);

/** What is printed for people. */
export function summary(report: EvaluateReport): string {
  const { fidelity, latencyMs, batch, samples, data, shapes } = report;
  const labelled = measuredAgainstLabels(report);
  const closeness = closenessMetrics().filter(({ shown }) => shown !== 'nowhere');
  // Without labels, the first metric of closeness stands at the top.
  const [first] = closeness;
  const top: Measured[] =
    labelled.length > 0 ? labelled : [{ metric: first!, before: 1, after: fidelity[first!.name]! }];
  const ms = ({ median, p10, p90 }: LatencyReport) => `${median.toFixed(2)} (${p10.toFixed(2)}…${p90.toFixed(2)})`;
  return [
    table(
      ['', 'original', 'compressed'],
      [
        ...top.map(({ metric, before, after }) => [metric.fullTitle, written(metric, before), written(metric, after)]),
        [`latency, ms, batch of ${batch}: median (p10…p90)`, ms(latencyMs.before), ms(latencyMs.after)],
        ...closeness
          .filter((metric) => labelled.length > 0 || metric !== first)
          .map((metric) => [named(metric), '', written(metric, fidelity[metric.name]!)]),
      ],
    ),
    '',
    `${samples} samples, ${data === 'generated' ? 'generated from the declared inputs: only real data tells whether the model still works' : data}`,
    ...(shapes && Object.keys(shapes).length > 0
      ? [`Shapes made up: ${describeShapes(shapes)}; --shape NAME=SIZES chooses others.`]
      : []),
    ...(data === 'generated' && fidelity.maxAbsolute === 0
      ? ['Every output is the same to the last bit: on these inputs it may not depend on what was compressed.']
      : []),
    ...[describeDrawing(report) ?? []].flat(),
    ...(isWeak(first!, report)
      ? [
          `The original gives the same answer at ${percent(fidelity.majority!)} of the positions: agreement says little here.`,
        ]
      : []),
  ].join('\n');
}
