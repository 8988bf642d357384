import { basename } from 'node:path';
import { Calibration } from '../engine/calibration/calibration';
import { type Dataset, openDataset } from '../engine/evaluation/dataset';
import { readNpz } from '../engine/formats/npz/npz';
import { inputSpecs } from '../engine/model/inspect';
import type { Model } from '../engine/model/model';
import { sessionModelOf } from '../engine/model/write';
import type { Runtime } from '../engine/runtime';
import { readFile } from './readFiles';

/** Opens an .npz and checks it against the model's inputs. */
export function openData(model: Model, path: string): Dataset {
  return openDataset(readNpz(readFile(path), basename(path)), inputSpecs(model), basename(path));
}

/** Calibration on the samples of an .npz, checked against the model's inputs. */
export function openCalibration(model: Model, path: string, runtime: Runtime, signal: AbortSignal): Calibration {
  const open = async (probed: Model) =>
    runtime.open(await sessionModelOf(probed, runtime.externalData, { signal }), 'cpu');
  return new Calibration({ dataset: openData(model, path), open });
}
