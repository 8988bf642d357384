import { basename } from 'node:path';
import { Calibration } from '../engine/calibration/calibration';
import { type Dataset, openDataset } from '../engine/evaluation/dataset';
import { readArrays } from '../engine/formats/readArrays';
import { inputSpecs } from '../engine/model/inspect';
import type { Model } from '../engine/model/model';
import { sessionModelOf } from '../engine/model/write';
import type { Runtime } from '../engine/runtime';
import { readFile } from './readFiles';

/** Opens a file with data and checks it against the model's inputs. */
export async function openData(model: Model, path: string): Promise<Dataset> {
  return openDataset(await readArrays(readFile(path), basename(path)), inputSpecs(model), basename(path));
}

/** Calibration on the samples of a file, checked against the model's inputs. */
export async function openCalibration(
  model: Model,
  path: string,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<Calibration> {
  const open = async (probed: Model) =>
    runtime.open(await sessionModelOf(probed, runtime.externalData, { signal }), 'cpu');
  return new Calibration({ dataset: await openData(model, path), open });
}
