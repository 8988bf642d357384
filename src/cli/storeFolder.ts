import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Backing, Locks } from '../engine/store/backing';
import { fileSource } from './readFiles';
import { sweep, temporaryName } from './temporaryFiles';
import { flushFolder, writeAll } from './writeFiles';

/** Tells this process's unfinished files and locks apart. */
let unfinished = 0;

/**
 * A store in a folder, which is made where there is none. A file is on the disk before it gets its name, and its name is
 * before `commit` returns. `close` gives back locks and leaves staged files where they are, as the end of a process does.
 */
export function storeFolder(folder: string): Backing & { close(): Promise<void> } {
  const at = (...parts: string[]) => join(folder, ...parts);
  for (const part of ['artefacts', 'records', 'staged', 'locks']) mkdirSync(at(part), { recursive: true });
  const locks = folderLocks(at('locks'));
  const writing = new Set<FileHandle>();
  return {
    locks,
    async open(part, name) {
      return statSync(at(part, name), { throwIfNoEntry: false }) && fileSource(at(part, name));
    },
    async stage() {
      const path = at('staged', temporaryName(String(unfinished++)));
      const file = await open(path, 'wx');
      writing.add(file);
      const close = async () => {
        if (writing.delete(file)) await file.close();
      };
      return {
        write: (bytes) => writeAll(file, bytes),
        async commit(part, name) {
          await file.sync();
          await close();
          renameSync(path, at(part, name));
          flushFolder(at(part));
        },
        async discard() {
          await close();
          rmSync(path, { force: true });
        },
      };
    },
    list: async (part) => readdirSync(at(part)),
    remove: async (part, name) => rmSync(at(part, name), { force: true }),
    async removeStaged() {
      for (const name of readdirSync(at('staged'))) rmSync(at('staged', name), { force: true });
    },
    async close() {
      locks.close();
      for (const file of writing) await file.close();
      writing.clear();
    },
  };
}

const LOOK_MS = 20;

/**
 * Locks between processes: each is a file whose name says which process it is of, so that those of processes that have
 * ended count no more. Two that ask at once may both be told that the lock is taken; none gets it beside another.
 */
function folderLocks(folder: string): Locks & { close(): void } {
  const held = new Set<string>();
  const holders = (name: string, mode: Mode): string[] => {
    const place = join(folder, name, mode);
    sweep(place);
    try {
      return readdirSync(place).map((file) => join(place, file));
    } catch {
      return [];
    }
  };
  /** Undefined where another one has the lock in a way that this one cannot be beside. */
  const tried = (name: string, mode: Mode, against: readonly Mode[]) => {
    const place = join(folder, name, mode);
    mkdirSync(place, { recursive: true });
    const own = join(place, temporaryName(String(unfinished++)));
    writeFileSync(own, '', { flag: 'wx' });
    held.add(own);
    const release = () => {
      held.delete(own);
      rmSync(own, { force: true });
    };
    if (against.every((other) => holders(name, other).every((path) => path === own))) return release;
    release();
    return undefined;
  };
  const wait = () => new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  return {
    async share(name) {
      for (;;) {
        const release = tried(name, 'shared', ['alone']);
        if (release) return release;
        await wait();
      }
    },
    async take(name, patience = 0) {
      const until = performance.now() + patience;
      for (;;) {
        const release = tried(name, 'alone', ['alone', 'shared']);
        if (release || performance.now() >= until) return release;
        await wait();
      }
    },
    async taken() {
      const isTaken = (name: string) => MODES.some((mode) => holders(name, mode).length > 0);
      return new Set(readdirSync(folder).filter(isTaken));
    },
    close() {
      for (const own of held) rmSync(own, { force: true });
      held.clear();
    },
  };
}

type Mode = (typeof MODES)[number];
const MODES = ['shared', 'alone'] as const;
