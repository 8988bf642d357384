import { basename, dirname, extname } from 'node:path';
import { UserError } from '../engine/core/errors';
import { dataExtensions } from '../engine/formats/formats';
import { keepOffHeapIn } from '../engine/model/offHeap';
import { dataNameOf, SINGLE_FILE_LIMIT } from '../engine/model/write';
import { Project } from '../engine/project/project';
import { parseRecipe } from '../engine/recipe/schema';
import { describeReadBack } from '../engine/recipe/verification/readBack';
import { summary } from './compressSummary';
import { dawn } from './dawn';
import { dataFile, filesBehind, modelSource, readFile } from './readFiles';
import { scratchFile } from './scratchFile';
import { shapesOf } from './shapes';
import { openingWatch, watchedRuntime } from './supervised';
import { sweep } from './temporaryFiles';
import { progressBar } from './terminal';
import { fileStore } from './tuningStore';
import { checkDataTarget, checkTarget } from './writeFiles';
import { writeRun } from './writeRun';

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
  try {
    const { run, result } = await project.compress(recipe, job, { fileName: basename(out), recipeName: recipePath });
    const { verification, sources } = await writeRun(project, run, out, inputs, job);
    bar.clear();
    // Since the process began: reading, compressing, writing and verifying.
    const totalMs = performance.now();
    console.log(
      options.json
        ? JSON.stringify({ ...result, verification, totalMs }, null, 2)
        : [
            summary(result, out, verification.ms, totalMs),
            ...(sources.length > 1 ? [`The weights are in ${dataNameOf(out)}: keep the two files together.`] : []),
            describeReadBack(verification),
          ].join('\n'),
    );
  } finally {
    bar.clear();
    scratch.close();
    await project.close();
  }
}
