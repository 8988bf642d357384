import { closeSync, existsSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../engine/errors';
import type { ByteSource } from '../engine/model/bytes';
import type { FileToWrite } from '../engine/model/write';
import type { LongCall } from '../engine/progress';
import { fileSource } from './readFiles';

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
