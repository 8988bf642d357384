import { basename, dirname, extname } from 'node:path';
import { UserError } from '../engine/core/errors';
import { dataExtensions } from '../engine/formats/formats';
import { keepOffHeapIn } from '../engine/model/offHeap';
import { dataNameOf, SINGLE_FILE_LIMIT } from '../engine/model/write';
import { formWords } from '../engine/operators/formWords';
import { Project } from '../engine/project/project';
import type { WriteFiles } from '../engine/project/runs';
import { type CompressReport, trialSentence } from '../engine/recipe/report';
import { parseRecipe } from '../engine/recipe/schema';
import { describeReadBack } from '../engine/recipe/verification/readBack';
import { dawn } from './dawn';
import { dataFile, filesBehind, modelSource, readFile } from './readFiles';
import { scratchFile } from './scratchFile';
import { shapesOf } from './shapes';
import { openingWatch, watchedRuntime } from './supervised';
import { sweep } from './temporaryFiles';
import { bytes, percent, progressBar, table } from './terminal';
import { fileStore } from './tuningStore';
import { checkDataTarget, checkTarget, type Staged, stage } from './writeFiles';

export interface CompressCommandOptions {
  readonly recipe?: string;
  readonly out?: string;
  readonly backend: string;
  readonly calibration?: string;
  readonly shape?: readonly string[];
  readonly openLimit?: string;
  readonly json?: boolean;
}

const BACKENDS = ['auto', 'gpu', 'cpu'];

/** `carrara compress MODEL.onnx --recipe R.json --out OUT.onnx` */
export async function compressCommand(
  path: string,
  options: CompressCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  const { recipe: recipePath, out, backend } = options;
  // Commander's own check comes before it looks for unknown options, and would hide a mistyped one.
  if (recipePath === undefined) throw new UserError('compress needs a recipe: --recipe FILE.');
  if (out === undefined || out.trim() === '') throw new UserError('compress needs a file to write: --out FILE.');
  if (!BACKENDS.includes(backend)) throw new UserError(`--backend is one of ${BACKENDS.join(', ')}, not "${backend}".`);
  const shapes = shapesOf(options.shape, options.calibration === undefined ? undefined : '--calibration');
  const watch = openingWatch(options.openLimit);
  const given = [path, recipePath, ...(options.calibration === undefined ? [] : [options.calibration])];
  checkTarget(out, given);
  if (extname(out).toLowerCase() !== '.onnx')
    throw new UserError(`--out ${out} is to be an ONNX model: give the file a name that ends with .onnx.`);
  // Opening may be ended by its time limit, so this comes first.
  sweep(dirname(out));
  const recipe = parseRecipe(new TextDecoder().decode(readFile(recipePath)), recipePath);
  const project = new Project(watchedRuntime(watch), {
    gpu: dawn,
    tuning: fileStore(),
    madeUp: { samples: 1, shapes },
    remedy: `give --calibration SAMPLES${dataExtensions()[0]}`,
    // Layers come one after the other, and once: little is worth keeping.
    factorBytes: 32e6,
  });
  const bar = progressBar();
  const job = { id: 'compress', signal, onProgress: bar.show };
  const model = await watch.during(`Opening ${path}`, () => project.open(modelSource(path), job));
  const inputs = [...given, ...filesBehind(project.model, path)];
  checkTarget(out, inputs);
  if (model.bytes >= SINGLE_FILE_LIMIT) await checkDataTarget(out, inputs);
  const { calibration } = options;
  if (calibration !== undefined)
    await watch.during(`Opening ${calibration}`, () => project.openData(dataFile(calibration), job, 'calibration'));
  const preferred = backend === 'auto' ? undefined : (backend as 'gpu' | 'cpu');
  await watch.during('Opening the GPU', () => project.start(preferred));
  const scratch = scratchFile(dirname(out));
  keepOffHeapIn(scratch);
  let staged: Staged | undefined;
  try {
    const { run, result } = await project.compress(recipe, job, { fileName: basename(out), recipeName: recipePath });
    const write: WriteFiles = async (files, call) => {
      staged = await stage(files, out, inputs, call);
      return staged.sources;
    };
    const verification = await project.exportTo(run, write, job);
    await staged!.commit();
    bar.clear();
    // Since the process began: reading, compressing, writing and verifying.
    const totalMs = performance.now();
    console.log(
      options.json
        ? JSON.stringify({ ...result, verification, totalMs }, null, 2)
        : [
            summary(result, out, verification.ms, totalMs),
            ...(staged!.sources.length > 1
              ? [`The weights are in ${dataNameOf(out)}: keep the two files together.`]
              : []),
            describeReadBack(verification),
          ].join('\n'),
    );
  } catch (error) {
    staged?.discard();
    throw error;
  } finally {
    bar.clear();
    scratch.close();
    await project.close();
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** More bytes a weight than this while loading are worth a word. */
const MUCH = 16;

function summary(report: CompressReport, out: string, verifyingMs: number, totalMs: number): string {
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
  `${lost} of ${outputs} outputs ${lost === 1 ? 'has nothing left of its' : 'have nothing left of their'} weights, which are much smaller than those of the others`;

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
