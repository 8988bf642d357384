import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ByteSource } from '../engine/core/bytes';
import { UserError } from '../engine/core/errors';
import type { LongCall } from '../engine/core/progress';
import { dataNameOf, type FileToWrite } from '../engine/model/write';
import { fileError, otherKind } from './fileErrors';
import { fileSource, filesBehind, readModelAt } from './readFiles';
import { tell } from './supervised';
import { temporaryName } from './temporaryFiles';

/**
 * Throws a UserError where `out` cannot be written or would overwrite one of `inputs`, by whichever of its names: another
 * spelling, a path through a linked folder, a hard link. An `out` that is a link itself is refused: whether the link or
 * what it leads to is to be replaced, only the user knows.
 */
export function checkTarget(out: string, inputs: readonly string[]): void {
  if (basename(out) === '' || /[/\\]$/.test(out)) throw new UserError(`${out} is a folder: name a file to write.`);
  let kind: string | undefined;
  try {
    kind = otherKind(out);
  } catch (error) {
    throw fileError(error, out, 'written');
  }
  if (inputs.some((input) => isSameFile(input, out))) {
    throw new UserError(`${out} would overwrite a file that it is made from: name another file.`);
  }
  if (kind === 'a link') {
    throw new UserError(`${out} is a link to ${readlinkSync(out)}: name that file, or remove the link first.`);
  }
  if (kind !== undefined) throw new UserError(`${out} is ${kind}: name a file to write.`);
  checkFolder(out);
  if (statSync(out, { throwIfNoEntry: false }) === undefined) return;
  try {
    closeSync(openSync(out, 'r+'));
  } catch {
    throw new UserError(`${out} is write-protected: name another file, or remove it first.`);
  }
}

/**
 * Throws a UserError where the data file that goes with `out` cannot be written, would overwrite one of `inputs`, or is
 * the data of another model.
 */
export async function checkDataTarget(out: string, inputs: readonly string[]): Promise<void> {
  const data = dataNameOf(out);
  checkTarget(data, inputs);
  if (statSync(data, { throwIfNoEntry: false }) === undefined) return;
  if (!(await dataFilesOf(out)).some((file) => isSameFile(file, data))) {
    throw new UserError(`${data} exists and is not the data of ${out}: remove it, or name another file to write.`);
  }
}

/** The data files of the model at `path`; none where there is no model. */
async function dataFilesOf(path: string): Promise<string[]> {
  try {
    return filesBehind(await readModelAt(path), path).slice(1);
  } catch {
    return [];
  }
}

/** Whether two paths lead to one file. False where one of them leads nowhere. */
export function isSameFile(a: string, b: string): boolean {
  try {
    // As bigint: a number holds only the leading bits of an inode on some file systems.
    const [first, second] = [statSync(a, { bigint: true }), statSync(b, { bigint: true })];
    // Some network and FAT drives number no inodes.
    if (first.ino !== 0n && first.ino === second.ino && first.dev === second.dev) return true;
    return realpathSync.native(a) === realpathSync.native(b);
  } catch {
    return false;
  }
}

/** Throws a UserError where no file can be made beside `out`: better now than when the work is done. */
function checkFolder(out: string): void {
  const folder = dirname(out);
  const probe = join(folder, temporaryName('probe'));
  try {
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    closeSync(openSync(probe, 'wx'));
    rmSync(probe);
  } catch (error) {
    throw fileError(error, out, 'written');
  }
  checkName(out);
}

/** A name may be too long although the folder is right; nothing is made here. */
function checkName(out: string): void {
  try {
    statSync(out);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw fileError(error, out, 'written');
  }
}

/** Files written beside their final names, which they get by `commit`; `discard` leaves nothing behind. */
export interface Staged {
  readonly sources: readonly ByteSource[];
  commit(): Promise<void>;
  discard(): void;
}

/**
 * Writes `files` (a model, then its data file if it has one) under temporary names in the folder of `out`. Until
 * `commit`, what was there stays as it was, even if the process is killed.
 * `inputs` are the files that must not be overwritten.
 */
export async function stage(
  files: readonly FileToWrite[],
  out: string,
  inputs: readonly string[],
  call: LongCall = {},
): Promise<Staged> {
  if (files.length > 1) await checkDataTarget(out, inputs);
  const folder = dirname(out);
  const staged = files.map((file, i) => ({
    file,
    temporary: join(folder, temporaryName(String(i))),
    final: i === 0 ? out : join(folder, file.name),
  }));
  await tell({ kind: 'staging', files: staged.map(({ temporary }) => temporary) });
  const discard = () => {
    for (const { temporary } of staged) rmSync(temporary, { force: true });
  };
  try {
    for (const { file, temporary, final } of staged) await writeFile(file, temporary, final, call);
  } catch (error) {
    discard();
    throw error;
  }
  return {
    sources: staged.map(({ file, temporary }) => ({ ...fileSource(temporary), name: file.name })),
    async commit() {
      await tell({ kind: 'finishing' });
      try {
        // Links may have been made since the beginning.
        for (const { final } of staged) checkTarget(final, inputs);
        // The model last: it names its data, and must not be there before them.
        for (const { temporary, final } of [...staged].reverse()) {
          try {
            renameSync(temporary, final);
          } catch (error) {
            throw fileError(error, final, 'written');
          }
        }
      } catch (error) {
        discard();
        throw error;
      }
      flushFolder(folder);
    },
    discard,
  };
}

/** Writes a file until it is on the disk. */
async function writeFile(file: FileToWrite, temporary: string, final: string, call: LongCall): Promise<void> {
  const trying = async <T>(step: () => Promise<T>): Promise<T> => {
    try {
      return await step();
    } catch (error) {
      throw fileError(error, final, 'written');
    }
  };
  const handle = await trying(() => open(temporary, 'wx'));
  try {
    // Whoever had closed a file to others keeps it closed.
    const before = statSync(final, { throwIfNoEntry: false });
    if (before) fchmodSync(handle.fd, before.mode & 0o777);
    for await (const chunk of file.chunks(call)) await trying(() => writeAll(handle, chunk));
    await trying(() => handle.sync());
  } finally {
    await trying(() => handle.close());
  }
}

export async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten;
}

/** A new name is on the disk only once its folder is. */
export function flushFolder(folder: string): void {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(folder, 'r');
    fsyncSync(descriptor);
  } catch {
    // Windows, and some network drives, open no folders; they keep names without this.
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
