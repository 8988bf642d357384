import { existsSync, lstatSync, openSync, read, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { UserError } from '../engine/errors';
import { type ByteSource, checkRange } from '../engine/model/bytes';
import { type FindFile, fileNameOf, type Model, readModel } from '../engine/model/model';
import { fileError } from './fileErrors';

/** Opens a model and finds its data files where it says, or beside it. */
export async function openModel(path: string): Promise<Model> {
  return readModel(fileSource(path), beside(path));
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
  const descriptor = reading(path, () => openSync(path, 'r'));
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
  return reading(path, () => new Uint8Array(readFileSync(path)));
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
