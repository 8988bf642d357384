import {
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  read,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { type ByteSource, checkRange, READ_AT_ONCE } from '../engine/core/bytes';
import { UserError } from '../engine/core/errors';
import { fileNameOf, whyOutside } from '../engine/model/externalLocation';
import { type FindFile, type Model, readModel } from '../engine/model/model';
import type { DataFile } from '../engine/project/engine';
import type { ModelSource } from '../engine/project/modelSource';
import { fileError } from './fileErrors';
import { OpenFile } from './openFile';

/** Where the model at `path` is read from. Its data files are found where it says, or beside it. */
export const modelSource = (path: string): ModelSource => ({ main: fileSource(path), find: beside(path) });

/** Reads the structure of the model at `path`. */
export async function readModelAt(path: string): Promise<Model> {
  const { main, find } = modelSource(path);
  return readModel(main, find);
}

/** The data at `path`, which are read when they are wanted. */
export const dataFile = (path: string): DataFile => ({
  name: basename(path),
  arrayBuffer: async () => readFile(path).buffer,
});

const beside =
  (path: string): FindFile =>
  (location) => {
    const found = dataBeside(path, location);
    if (found === undefined) return undefined;
    return isInside(found, path) ? fileSource(found) : 'outside';
  };

function dataBeside(path: string, location: string): string | undefined {
  if (whyOutside(location) !== undefined) return undefined;
  const candidates = [join(dirname(path), location), join(dirname(path), fileNameOf(location))];
  return candidates.find((candidate) => existsSync(candidate));
}

/**
 * Whether a file lies in the folder of the model at `path`, or below, once all links are followed. Where the model itself
 * is a link, as in the cache of Hugging Face, its data may lie beside what it leads to as well.
 */
function isInside(file: string, path: string): boolean {
  const real = realpathSync.native(file);
  const folders = [realpathSync.native(dirname(path)), dirname(realpathSync.native(path))];
  return folders.some((folder) => real.startsWith(folder.endsWith(sep) ? folder : folder + sep));
}

/** The files that a model read from `path` lies in. */
export const filesBehind = (model: Model, path: string): string[] => [
  path,
  ...[...model.sources.keys()].flatMap((location) => dataBeside(path, location) ?? []),
];

const readAt = promisify(read);

/** A file on disk, read in parts. Throws a UserError that names a file that can't be opened. */
export function fileSource(path: string): ByteSource {
  const { size } = statFile(path);
  const file = new OpenFile(path);
  const name = basename(path);
  return {
    name,
    size,
    async read(offset, length) {
      checkRange(name, size, offset, length);
      const bytes = new Uint8Array(length);
      await file.use(async (descriptor) => {
        for (let at = 0; at < length; ) {
          const { bytesRead } = await readAt(descriptor, bytes, at, Math.min(READ_AT_ONCE, length - at), offset + at);
          if (bytesRead === 0) throw new RangeError(`${name} ended at ${offset + at}`);
          at += bytesRead;
        }
      });
      return bytes;
    },
  };
}

/** A whole file. Node's own function refuses those from 2 GiB on. */
export function readFile(path: string): Uint8Array<ArrayBuffer> {
  const { size } = statFile(path);
  return reading(path, () => {
    const bytes = new Uint8Array(size);
    const descriptor = openSync(path, 'r');
    try {
      for (let at = 0; at < size; ) {
        const count = readSync(descriptor, bytes, at, Math.min(READ_AT_ONCE, size - at), at);
        if (count === 0) throw new UserError(`${path} became shorter while it was read: give it again.`);
        at += count;
      }
    } finally {
      closeSync(descriptor);
    }
    return bytes;
  });
}

function reading<T>(path: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw error instanceof UserError ? error : fileError(error, path, 'read');
  }
}

function statFile(path: string) {
  if (path.trim() === '') throw new UserError('The name of a file is empty: name a file.');
  const stat = reading(path, () => {
    try {
      return statSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw new UserError(`${path} does not exist${nearest(path)}.`);
    }
  });
  if (stat.isDirectory()) throw new UserError(`${path} is a folder: name a file in it.`);
  // A pipe or a device can be read only once and in order.
  if (!stat.isFile()) throw new UserError(`${path} is not a file on a disk: save it as one first.`);
  return stat;
}

function nearest(path: string): string {
  const folder = dirname(resolve(path));
  if (!existsSync(folder)) return `: there is no folder ${dirname(path)}`;
  if (lstatSync(path, { throwIfNoEntry: false })) return `: it is a link to ${readlinkSync(path)}, which is missing`;
  try {
    const same = readdirSync(folder).find((name) => name.toLowerCase() === basename(path).toLowerCase());
    return same === undefined ? '' : `; did you mean ${same}?`;
  } catch {
    // A folder may let its files be read and not be listed.
    return '';
  }
}
