import { existsSync, lstatSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf, UserError } from '../engine/core/errors';

type Doing = 'read' | 'written';

/** Why the system refused, and what to do, by its error code. Each follows "X cannot be read: ". */
const REASONS: Readonly<Record<string, string | ((path: string) => string)>> = {
  ENOENT: (path) =>
    existsSync(dirname(path))
      ? `${dirname(path)} takes no files; name another folder`
      : `there is no folder ${dirname(path)}; make it or name another`,
  ENOTDIR: (path) => `${fileAmongFolders(path)} is a file, not a folder; correct the path`,
  EISDIR: 'it is a folder; name a file',
  EACCES: 'you have no permission; change the permissions of the file or its folder, or name another',
  EPERM: 'you have no permission; change the permissions of the file or its folder, or name another',
  EROFS: 'the disk is read-only; name a folder on another disk',
  ENOSPC: 'the disk is full; free some space, or name a folder on another disk',
  EDQUOT: 'your quota of disk space is used up; free some space, or name a folder on another disk',
  EFBIG: 'it would be larger than the system allows; raise the limit (ulimit -f), or name a folder on another disk',
  ENAMETOOLONG: 'the name is too long; name a shorter one',
  ELOOP: 'its links lead in a circle; correct the links or name another file',
  EMFILE: 'too many files are open; raise the limit (ulimit -n) or close other programs',
  ENFILE: 'too many files are open on this machine; close other programs',
  EBUSY: 'another program uses it; close that program first',
  ETXTBSY: 'another program uses it; close that program first',
  EIO: 'the disk reports an error; copy the file to another disk or name one there',
  ERR_FS_FILE_TOO_LARGE: 'it is larger than 2 GiB; give a smaller one',
  ESTALE: 'its network folder is no longer there; connect it again',
  ENXIO: 'no program is at the other end of it; name a regular file',
};

/** A sentence on why `path` could not be read or written. */
export function sentence(error: unknown, path: string, doing: Doing): string {
  const code = (error as NodeJS.ErrnoException)?.code ?? '';
  const reason = REASONS[code];
  if (reason === undefined) return `${path} cannot be ${doing} (${code || messageOf(error)}).`;
  return `${path} cannot be ${doing}: ${typeof reason === 'string' ? reason : reason(path)}.`;
}

export const fileError = (error: unknown, path: string, doing: Doing): UserError =>
  new UserError(sentence(error, path, doing), { cause: error });

/** The part of a path that should be a folder and is a file. */
function fileAmongFolders(path: string): string {
  let part = dirname(path);
  while (dirname(part) !== part && !isFile(part)) part = dirname(part);
  return part;
}

function isFile(path: string): boolean {
  try {
    return statSync(resolve(path)).isFile();
  } catch {
    return false;
  }
}

/** What stands at `path`, in words, where it is no regular file; undefined where it is one or there is nothing. */
export function otherKind(path: string): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.isFile()) return undefined;
  if (stat.isDirectory()) return 'a folder';
  if (stat.isSymbolicLink()) return 'a link';
  if (stat.isFIFO()) return 'a pipe';
  if (stat.isSocket()) return 'a socket';
  return 'a device';
}
