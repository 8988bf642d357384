// Compressing and writing. Like `recipes.ts` it is loaded when it is first needed.

import type { ByteSource } from '../core/bytes';
import type { LongCall } from '../core/progress';
import { openModel } from '../evaluation/openModel';
import { among, readModel } from '../model/model';
import type { FileToWrite } from '../model/write';
import { compress, compressedName, needsData } from '../recipe/compress';
import { checkRecipe } from '../recipe/schema';
import { verify } from '../recipe/verify';
import type { Runtime } from '../runtime';
import type { Tools } from './context';
import type { CompressSettings, ExportSettings, ReadBack, RunReport } from './engine';
import type { OpenedModel } from './openedModel';

/** Runs a recipe on the open model; the result is a new run. */
export async function compressModel(
  opened: OpenedModel,
  recipe: unknown,
  settings: CompressSettings,
  { runtime, factorisations, remedy, results }: Tools,
  call: LongCall,
): Promise<RunReport> {
  const { model, data } = opened;
  const { run = opened.lastRun + 1, recipeName, fileName = compressedName(model.name, run) } = settings;
  const checked = checkRecipe(recipe, recipeName);
  const share = data.isForCalibration || needsData(checked) ? await data.share() : undefined;
  const compressed = await compress(model, checked, {
    ...call,
    factorisations,
    fileName,
    ...(recipeName !== undefined && { recipeName }),
    ...(remedy !== undefined && { remedy }),
    kept: results,
    ...(share && { calibration: share.calibration }),
    trial: {
      dataset: () => share?.calibration.dataset ?? data.runnable(call),
      open: (cut) => openModel(cut, runtime, { signal: call.signal }),
    },
  });
  opened.lastRun = Math.max(opened.lastRun, run);
  opened.runs.set(run, { ...compressed, recipe });
  return { run, recipe, result: compressed.report };
}

/** Writes a run's operators for another aim than it was compressed for; the run is that from then on. */
export async function writeFor(
  opened: OpenedModel,
  run: number,
  chosen: ExportSettings | undefined,
  call: LongCall,
): Promise<RunReport> {
  const before = opened.run(run);
  const { export: _, ...steps } = before.recipe as object & { export?: unknown };
  const recipe = { ...steps, ...(chosen && { export: chosen }) };
  const compressed = await before.writtenFor(checkRecipe(recipe).export, call);
  opened.runs.set(run, { ...compressed, recipe });
  return { run, recipe, result: compressed.report };
}

/** Writes files to where they can be read again, and says where. */
export type WriteFiles = (files: readonly FileToWrite[], call: LongCall) => Promise<readonly ByteSource[]>;

/** Has a run written, reads the files back, and compares what was read with the run and the original. */
export async function exportTo(
  opened: OpenedModel,
  number: number,
  write: WriteFiles,
  runtime: Runtime,
  call: LongCall,
): Promise<ReadBack> {
  const { model, data } = opened;
  const run = opened.run(number);
  const [main, ...others] = await write(run.files, call);
  return verify(await readModel(main!, among(others)), run, model, {
    ...call,
    runtime,
    data: data.given,
    shapes: data.madeUp.shapes,
  });
}
