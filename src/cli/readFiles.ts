import { existsSync, openSync, read, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Calibration } from '../engine/calibration/calibration';
import { UserError } from '../engine/errors';
import { type Dataset, openDataset } from '../engine/evaluation/dataset';
import { readNpz } from '../engine/evaluation/npz';
import { type ByteSource, checkRange } from '../engine/model/bytes';
import { inputSpecs } from '../engine/model/inspect';
import { type FindFile, fileNameOf, type Model, readModel } from '../engine/model/model';
import { sessionModelOf } from '../engine/model/write';
import type { Runtime } from '../engine/runtime';

/** Opens a model and finds its data files where it says, or beside it. */
export async function openModel(path: string): Promise<Model> {
  return readModel(fileSource(path), beside(path));
}

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

const beside =
  (path: string): FindFile =>
  (location) => {
    const found = dataFile(path, location);
    return found === undefined ? undefined : fileSource(found);
  };

function dataFile(path: string, location: string): string | undefined {
  const candidates = [join(dirname(path), location), join(dirname(path), fileNameOf(location))];
  return candidates.find((candidate) => existsSync(candidate));
}

/** The files that a model read from `path` lies in. */
export const filesBehind = (model: Model, path: string): string[] => [
  path,
  ...[...model.sources.keys()].flatMap((location) => dataFile(path, location) ?? []),
];

const readAt = promisify(read);

/** A file on disk, read in parts. Throws a UserError that names a file that can't be opened. */
export function fileSource(path: string): ByteSource {
  const { size } = statFile(path);
  // A descriptor, not a FileHandle: Node warns on standard error when it collects one that was left open.
  const descriptor = openSync(path, 'r');
  const name = basename(path);
  return {
    name,
    size,
    async read(offset, length) {
      checkRange(name, size, offset, length);
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; ) {
        const { bytesRead } = await readAt(descriptor, bytes, at, length - at, offset + at);
        if (bytesRead === 0) throw new RangeError(`${name} ended at ${offset + at}`);
        at += bytesRead;
      }
      return bytes;
    },
  };
}

export function readFile(path: string): Uint8Array<ArrayBuffer> {
  statFile(path);
  return new Uint8Array(readFileSync(path));
}

function statFile(path: string) {
  let stat: ReturnType<typeof statSync>;
  try {
    stat = statSync(path);
  } catch {
    throw new UserError(`${path} does not exist${nearest(path)}.`);
  }
  if (!stat.isFile()) throw new UserError(`${path} is not a file.`);
  return stat;
}

function nearest(path: string): string {
  const folder = dirname(resolve(path));
  if (!existsSync(folder)) return `: there is no folder ${dirname(path)}`;
  const same = readdirSync(folder).find((name) => name.toLowerCase() === basename(path).toLowerCase());
  return same === undefined ? '' : `; did you mean ${same}?`;
}
