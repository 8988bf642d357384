import { writeFileSync } from 'node:fs';
import { basename, dirname, extname } from 'node:path';
import { ranked } from '../engine/allocation/board';
import { goalOf, parseBytes, parseShare } from '../engine/allocation/goal';
import type { SearchPoint, SearchReport } from '../engine/allocation/report';
import { UserError } from '../engine/core/errors';
import { methods } from '../engine/methods/registry';
import { keepOffHeapIn } from '../engine/model/offHeap';
import { SINGLE_FILE_LIMIT } from '../engine/model/write';
import { Project } from '../engine/project/project';
import { didYouMean } from '../engine/recipe/nearest';
import { dawn } from './dawn';
import { dataFile, filesBehind, modelSource } from './readFiles';
import { scratchFile } from './scratchFile';
import { searchSummary } from './searchSummary';
import { shapesOf } from './shapes';
import { openingWatch, watchedRuntime } from './supervised';
import { sweep } from './temporaryFiles';
import { progressBar } from './terminal';
import { fileStore } from './tuningStore';
import { checkDataTarget, checkTarget } from './writeFiles';
import { writeRun } from './writeRun';

export interface SearchCommandOptions {
  readonly data?: string;
  readonly calibration?: string;
  readonly size?: string;
  readonly bytes?: string;
  readonly loss?: string;
  readonly latency?: string;
  readonly methods?: string;
  readonly minutes?: string;
  readonly seed?: string;
  readonly out?: string;
  readonly recipe?: string;
  readonly shape?: readonly string[];
  readonly openLimit?: string;
  readonly json?: boolean;
}

/** `carrara search MODEL.onnx --data D.npz --size .1 --out OUT.onnx` */
export async function searchCommand(path: string, options: SearchCommandOptions, signal: AbortSignal): Promise<void> {
  const { data, calibration, out, recipe: recipePath } = options;
  const goal = goalOf({
    ...(options.size !== undefined && { maxSize: parseShare(options.size, '--size') }),
    ...(options.bytes !== undefined && { maxBytes: parseBytes(options.bytes) }),
    ...(options.loss !== undefined && { maxLoss: parseShare(options.loss, '--loss') }),
    ...(options.latency !== undefined && { maxLatency: parseShare(options.latency, '--latency') }),
  });
  const settings = {
    ...(options.methods !== undefined && { methods: methodsOf(options.methods) }),
    ...(options.minutes !== undefined && { minutes: positive(options.minutes, '--minutes') }),
    ...(options.seed !== undefined && { seed: wholeNumber(options.seed, '--seed') }),
  };
  if (out === undefined || out.trim() === '') throw new UserError('search needs a file to write: --out FILE.');
  if (extname(out).toLowerCase() !== '.onnx')
    throw new UserError(`--out ${out} is to be an ONNX model: give the file a name that ends with .onnx.`);
  const shapes = shapesOf(options.shape, data === undefined ? undefined : '--data');
  const given = [path, ...[data, calibration].filter((file) => file !== undefined)];
  checkTarget(out, given);
  if (recipePath !== undefined) checkTarget(recipePath, [...given, out]);
  sweep(dirname(out));
  const watch = openingWatch(options.openLimit);
  const project = new Project(watchedRuntime(watch), { gpu: dawn, tuning: fileStore(), madeUp: { shapes } });
  const bar = progressBar();
  const job = { id: 'search', signal, onProgress: bar.show };
  const model = await watch.during(`Opening ${path}`, () => project.open(modelSource(path), job));
  const inputs = [...given, ...filesBehind(project.model, path)];
  checkTarget(out, inputs);
  if (model.bytes >= SINGLE_FILE_LIMIT) await checkDataTarget(out, inputs);
  for (const [file, use] of [[data], [calibration, 'calibration' as const]] as const)
    if (file !== undefined) await watch.during(`Opening ${file}`, () => project.openData(dataFile(file), job, use));
  await watch.during('Opening the GPU', () => project.start());
  const scratch = scratchFile(dirname(out));
  keepOffHeapIn(scratch);
  try {
    const report = await project.search(goal, settings, () => undefined, job);
    const best = ranked(report.points, goal)[0];
    if (!best) throw new UserError(notFound(report));
    const { run, result } = await project.compress(best.recipe, job, { fileName: basename(out) });
    if (result.after.bytes !== best.bytes)
      throw new Error(`The file has ${result.after.bytes} bytes, and the search found ${best.bytes}.`);
    const { verification } = await writeRun(project, run, out, inputs, job);
    if (recipePath !== undefined) writeFileSync(recipePath, `${JSON.stringify(best.recipe, null, 2)}\n`);
    bar.clear();
    console.log(
      options.json
        ? JSON.stringify({ ...report, out, verification }, null, 2)
        : searchSummary(report, best, out, verification),
    );
  } finally {
    bar.clear();
    scratch.close();
    await project.close();
  }
}

/** Why there is nothing to write, and what comes nearest. */
function notFound({ points, outOfReach, metric, originalBytes }: SearchReport): string {
  const nearest: SearchPoint | undefined = points[outOfReach?.nearest ?? -1];
  const offer =
    nearest &&
    ` The nearest recipe, ${nearest.title}, comes to ${nearest.bytes} bytes (${((100 * nearest.bytes) / originalBytes).toFixed(1)} %) and loses ${(100 * nearest.loss.mean).toFixed(2)} points of ${metric}: allow that much.`;
  return `${outOfReach?.reason ?? 'No recipe was found that meets the goal.'}${offer ?? ''}`;
}

function methodsOf(text: string): string[] {
  const known = methods.map(({ name }) => name);
  const names = text.split(',').map((name) => name.trim());
  const stranger = names.find((name) => !known.includes(name));
  if (stranger !== undefined)
    throw new UserError(`--methods: unknown method "${stranger}"; ${didYouMean(stranger, known)}`);
  return names;
}

function positive(text: string, option: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new UserError(`${option} is a number above 0, not "${text}".`);
  return value;
}

function wholeNumber(text: string, option: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text.trim()) || !Number.isSafeInteger(value))
    throw new UserError(`${option} is a whole number from 0 on, not "${text}".`);
  return value;
}
