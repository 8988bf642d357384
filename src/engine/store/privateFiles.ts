import { type ByteSource, blobSource } from '../core/bytes';
import type { Backing, Folder } from './backing';
import { webLocks } from './webLocks';

/** Not in TypeScript's library yet. Moving within the private file system replaces a file of that name. */
type Movable = FileSystemFileHandle & { move(folder: FileSystemDirectoryHandle, name: string): Promise<void> };

/**
 * The browser's private file system: it belongs to this page's address, and survives a reload and a crash. Undefined where
 * the browser has none, or lacks what keeps files whole, or forbids it (private windows).
 *
 * Files are written by `createWritable`: a synchronous handle would write a little faster, but blocks the worker, and
 * page and tests do not have it.
 */
export async function privateFiles(name = 'carrara'): Promise<Backing | undefined> {
  const { storage, locks } = globalThis.navigator ?? {};
  const File = globalThis.FileSystemFileHandle?.prototype as Partial<Movable> | undefined;
  if (!storage?.getDirectory || !locks || !File?.createWritable || !File.move) return undefined;
  try {
    const root = await (await storage.getDirectory()).getDirectoryHandle(name, { create: true });
    const folders = {
      artefacts: await root.getDirectoryHandle('artefacts', { create: true }),
      records: await root.getDirectoryHandle('records', { create: true }),
      staged: await root.getDirectoryHandle('staged', { create: true }),
    };
    return backing(folders, name);
  } catch {
    return undefined;
  }
}

function backing(folders: Record<Folder | 'staged', FileSystemDirectoryHandle>, name: string): Backing {
  return {
    locks: webLocks(name),
    open: (folder, file) => open(folders[folder], file),
    async stage() {
      const own = crypto.randomUUID();
      const handle = (await folders.staged.getFileHandle(own, { create: true })) as Movable;
      const writable = await handle.createWritable();
      let isOpen = true;
      return {
        write: (bytes) => writable.write(bytes as Uint8Array<ArrayBuffer>),
        async commit(folder, file) {
          isOpen = false;
          await writable.close();
          await handle.move(folders[folder], file);
        },
        async discard() {
          if (isOpen) await writable.abort().catch(() => undefined);
          isOpen = false;
          await remove(folders.staged, own);
        },
      };
    },
    list: (folder) => namesIn(folders[folder]),
    remove: (folder, file) => remove(folders[folder], file),
    async removeStaged() {
      for (const file of await namesIn(folders.staged)) {
        await remove(folders.staged, file).catch((error: unknown) => {
          // A writer of this file has not closed it, although it has given its lock back.
          if (!(error instanceof DOMException && error.name === 'NoModificationAllowedError')) throw error;
        });
      }
    },
  };
}

async function open(folder: FileSystemDirectoryHandle, file: string): Promise<ByteSource | undefined> {
  try {
    return blobSource(await (await folder.getFileHandle(file)).getFile(), file);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function remove(folder: FileSystemDirectoryHandle, file: string): Promise<void> {
  try {
    await folder.removeEntry(file);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

const isNotFound = (error: unknown): boolean => error instanceof DOMException && error.name === 'NotFoundError';

async function namesIn(folder: FileSystemDirectoryHandle): Promise<string[]> {
  const names: string[] = [];
  for await (const name of folder.keys()) names.push(name);
  return names;
}
