import {
  closeSync,
  existsSync,
  openSync,
  read,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Calibration } from '../engine/calibration/calibration';
import { UserError } from '../engine/errors';
import { type Dataset, openDataset } from '../engine/evaluation/dataset';
import { readNpz } from '../engine/evaluation/npz';
import { type ByteSource, checkRange } from '../engine/model/bytes';
import { inputSpecs } from '../engine/model/inspect';
import { type FindFile, fileNameOf, type Model, readModel } from '../engine/model/model';
import { type FileToWrite, sessionModelOf } from '../engine/model/write';
import type { LongCall } from '../engine/progress';
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

/** Throws a UserError where `out` can't be written or would overwrite one of `inputs`. */
export function checkTarget(out: string, inputs: readonly string[]): void {
  const folder = dirname(resolve(out));
  if (!existsSync(folder)) throw new UserError(`${out} cannot be written: there is no folder ${dirname(out)}.`);
  if (existsSync(out) && !statSync(out).isFile()) throw new UserError(`${out} is not a file: name a file to write.`);
  if (inputs.some((input) => resolve(input) === resolve(out))) {
    throw new UserError(`${out} would overwrite a file that it is made from: name another file.`);
  }
}

/** Files written beside their final names, which they get by `commit`; `discard` leaves nothing behind. */
export interface Staged {
  readonly sources: readonly ByteSource[];
  commit(): void;
  discard(): void;
}

function create(path: string, folder: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw new UserError(
      `${folder} cannot be written to (${(error as NodeJS.ErrnoException).code}): name another folder.`,
    );
  }
}

export async function stage(files: readonly FileToWrite[], out: string, call: LongCall = {}): Promise<Staged> {
  const folder = dirname(out);
  const staged = files.map((file, i) => ({
    file,
    temporary: join(folder, `.${file.name}.${process.pid}.part`),
    final: i === 0 ? out : join(folder, file.name),
  }));
  const discard = () => {
    for (const { temporary } of staged) rmSync(temporary, { force: true });
  };
  try {
    for (const { file, temporary } of staged) {
      const descriptor = create(temporary, folder);
      try {
        for await (const chunk of file.chunks(call))
          for (let at = 0; at < chunk.length; ) at += writeSync(descriptor, chunk, at);
      } finally {
        closeSync(descriptor);
      }
    }
  } catch (error) {
    discard();
    throw error;
  }
  return {
    sources: staged.map(({ file, temporary }) => ({ ...fileSource(temporary), name: file.name })),
    commit: () => {
      for (const { temporary, final } of staged) renameSync(temporary, final);
    },
    discard,
  };
}
