import { describeDrawing, describeShapes } from '../engine/evaluation/describe';
import { evaluate } from '../engine/evaluation/evaluate';
import { openFolded } from '../engine/evaluation/foldedSession';
import { makeUpInputs } from '../engine/evaluation/makeUpInputs';
import type { EvaluateReport, LatencyReport } from '../engine/evaluation/report';
import { inputSpecs } from '../engine/model/inspect';
import { randomNodes } from '../engine/model/randomNodes';
import { openData } from './openData';
import { openModel } from './readFiles';
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
  const original = await watch.during(`Opening ${originalPath}`, () => openModel(originalPath));
  const compressed = await watch.during(`Opening ${compressedPath}`, () => openModel(compressedPath));
  const given = data === undefined ? undefined : await watch.during(`Opening ${data}`, () => openData(original, data));
  const random = randomNodes(original);
  const runtime = watchedRuntime(watch);
  const bar = progressBar();
  try {
    const call = { signal, onProgress: bar.show };
    const sessionOf = (model: typeof original) => openFolded(model, runtime, 'cpu', { signal });
    const session = await sessionOf(original);
    const { run } = session;
    const dataset =
      given ?? (await makeUpInputs(inputSpecs(original), { ...call, shapes, run, twice: random.length === 0 }));
    const report = await evaluate(session, await sessionOf(compressed), dataset, { ...call, provider: 'cpu', random });
    bar.clear();
    const { timings: _, fidelity, ...rest } = report;
    const { majority, ...closeness } = fidelity;
    console.log(options.json ? JSON.stringify({ ...rest, fidelity: closeness, majority }, null, 2) : summary(report));
  } finally {
    bar.clear();
  }
}

const METRICS = { top1: 'top-1 accuracy', perplexity: 'perplexity', fidelity: 'agreement with the original' };

function summary(report: EvaluateReport): string {
  const { metric, before, after, fidelity, latencyMs, batch, samples, data, shapes } = report;
  const ms = ({ median, p10, p90 }: LatencyReport) => `${median.toFixed(2)} (${p10.toFixed(2)}…${p90.toFixed(2)})`;
  return [
    table(
      ['', 'original', 'compressed'],
      [
        [METRICS[metric], before.toFixed(4), after.toFixed(4)],
        [`latency, ms, batch of ${batch}: median (p10…p90)`, ms(latencyMs.before), ms(latencyMs.after)],
        ...(metric === 'fidelity' ? [] : [['agreement', '', fidelity.agreement.toFixed(4)]]),
        ['KL divergence, nats', '', fidelity.kl.toPrecision(3)],
        ['cosine', '', fidelity.cosine.toFixed(6)],
        ['largest difference', '', fidelity.maxAbsolute.toPrecision(3)],
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
    ...(metric === 'fidelity' && fidelity.majority > 0.9
      ? [
          `The original gives the same answer at ${percent(fidelity.majority)} of the positions: agreement says little here.`,
        ]
      : []),
  ].join('\n');
}
