import { formWords } from '../engine/operators/formWords';
import { percent as shareText } from '../engine/operators/percent';
import { type CompressReport, type StepReport, trialSentence } from '../engine/recipe/report';
import { bytes, percent, table } from './terminal';

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** More bytes a weight than this while loading are worth a word. */
const MUCH = 16;

/** What is printed for people. */
export function summary(report: CompressReport, out: string, verifyingMs: number, totalMs: number): string {
  const { before, after, memory, layers, skipped, backend, calibration, ms } = report;
  const calibrated = layers.some(({ outputError }) => outputError);
  const rows = layers.map(({ name, form, weightError, outputError, bytesBefore, bytesAfter }) => [
    name,
    formWords(form),
    percent(weightError.predicted, 2),
    percent(weightError.measured, 2),
    ...(calibrated ? [outputError ? percent(outputError.measured, 2) : '–'] : []),
    bytes(bytesBefore),
    bytes(bytesAfter),
  ]);
  const head = [
    'layer',
    'form',
    'weight error, predicted',
    'measured',
    ...(calibrated ? ['output error'] : []),
    'before',
    'after',
  ];
  const change = (a: number, b: number) =>
    Math.abs(1 - b / a) < 5e-4 ? 'as before' : `${b < a ? '−' : '+'}${percent(Math.abs(1 - b / a))}`;
  return [
    ...(rows.length > 0 ? [table(head, rows, ['form'])] : [nothingSaid(skipped)]),
    ...grouped(skipped.map(({ name, reason }) => [`left as it was (${reason})`, name])),
    ...grouped(
      layers.flatMap(({ name, steps }) =>
        steps.flatMap(({ method, skipped: reason }): [string, string][] =>
          reason === undefined ? [] : [[`left by ${method}, wholly or in part (${reason})`, name]],
        ),
      ),
    ),
    ...grouped(
      layers.flatMap(({ name, steps }) =>
        steps.flatMap((step): [string, string][] => (step.missedSize ? [[missedSentence(step), name]] : [])),
      ),
    ),
    ...grouped(
      layers.flatMap(({ name, steps, outputs }): [string, string][] => {
        const lost = steps.at(-1)?.lostOutputs;
        return lost === undefined ? [] : [[lostSentence(lost, outputs), name]];
      }),
    ),
    '',
    ...(calibration
      ? [`Calibrated on ${calibration.samples.toLocaleString('en')} samples of ${calibration.data}.`]
      : []),
    ...(report.trial ? [trialSentence(report.trial)] : []),
    `${out}: ${bytes(before.bytes)} → ${bytes(after.bytes)} (${change(before.bytes, after.bytes)}), ` +
      `${before.parameters.toLocaleString('en')} → ${after.parameters.toLocaleString('en')} parameters ` +
      `(${change(before.parameters, after.parameters)}), ${seconds(totalMs)}: ${seconds(ms)} compressing on the ${backend.toUpperCase()}, ${seconds(verifyingMs)} verifying`,
    `weights in memory, estimated: ${bytes(memory.estimatedResident)} when it runs, ${bytes(memory.estimatedLoad)} at most while it loads`,
    ...heavyToLoad(layers),
  ].join('\n');
}

const lostSentence = (lost: number, outputs: number) =>
  `${lost} of ${outputs} outputs lost all of ${lost === 1 ? 'its' : 'their'} weights, which were much smaller than those of the other outputs`;

const missedSentence = ({ method, form, missedSize }: StepReport): string =>
  `${method} cannot come to ${shareText(missedSize!.asked)} of the bytes before it; the smallest possible is ${formWords(form)}, ${shareText(missedSize!.reached)} of them`;

const nothingSaid = (skipped: CompressReport['skipped']): string =>
  skipped.length > 0 && skipped.every(({ already }) => already)
    ? 'Nothing is left to compress: the layers that the recipe selects are compressed already. The file holds the model as it was.'
    : 'Nothing was compressed: the file holds the model as it was.';

/** How many names a line lists. */
const LISTED = 6;

/** A line for each of the sentences, with all layers that it is said of. */
function grouped(said: readonly (readonly [sentence: string, name: string])[]): string[] {
  const names = new Map<string, string[]>();
  for (const [sentence, name] of said) names.set(sentence, [...(names.get(sentence) ?? []), name]);
  return [...names].map(([sentence, all]) => {
    const more = all.length > LISTED ? ` and ${all.length - LISTED} more` : '';
    return `${sentence}: ${all.slice(0, LISTED).join(', ')}${more}`;
  });
}

/** A sentence on layers whose dense weight is computed while the model loads, where that takes much. */
function heavyToLoad(layers: CompressReport['layers']): string[] {
  const perWeight = ({ memory, parametersBefore }: CompressReport['layers'][number]) =>
    memory.estimatedLoad / parametersBefore;
  const heavy = layers.filter((layer) => perWeight(layer) > MUCH);
  if (heavy.length === 0) return [];
  const most = heavy.reduce((worst, layer) => (perWeight(layer) > perWeight(worst) ? layer : worst));
  return [
    `${heavy.length === 1 ? 'One layer takes' : `${heavy.length} layers take`} more than ${MUCH} bytes a weight while loading, as the dense weight is computed on the way (${most.name}: ${perWeight(most).toFixed(0)}); "export": { "aim": "memory" } in the recipe avoids that.`,
  ];
}
