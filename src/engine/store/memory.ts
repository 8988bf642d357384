import { type ByteSource, blobSource } from '../core/bytes';
import type { Backing, Folder, Locks } from './backing';

/** Files in memory. Stores over one backing see each other's files, as tabs do; they end with the page or the process. */
export function memoryBacking(): Backing {
  const files: Record<Folder, Map<string, ByteSource>> = { artefacts: new Map(), records: new Map() };
  return {
    locks: memoryLocks(),
    open: async (folder, name) => files[folder].get(name),
    async stage() {
      let pieces: Blob[] = [];
      return {
        write: async (bytes) => void pieces.push(new Blob([bytes as Uint8Array<ArrayBuffer>])),
        commit: async (folder, name) => void files[folder].set(name, blobSource(new Blob(pieces), name)),
        async discard() {
          pieces = [];
        },
      };
    },
    list: async (folder) => [...files[folder].keys()],
    remove: async (folder, name) => void files[folder].delete(name),
    removeStaged: async () => undefined,
  };
}

const LOOK_MS = 5;

interface Holder {
  readonly onLost: (() => void) | undefined;
}

function memoryLocks(): Locks {
  const sharing = new Map<string, number>();
  const alone = new Map<string, Holder>();
  const wait = () => new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  const hold = (name: string, onLost: (() => void) | undefined) => {
    const holder: Holder = { onLost };
    alone.set(name, holder);
    return once(() => {
      if (alone.get(name) === holder) alone.delete(name);
    });
  };
  return {
    async share(name) {
      while (alone.has(name)) await wait();
      sharing.set(name, (sharing.get(name) ?? 0) + 1);
      return once(() => {
        const left = sharing.get(name)! - 1;
        if (left > 0) sharing.set(name, left);
        else sharing.delete(name);
      });
    },
    async take(name, patience = 0, onLost) {
      const until = performance.now() + patience;
      while (alone.has(name) || sharing.has(name)) {
        if (performance.now() >= until) return undefined;
        await wait();
      }
      return hold(name, onLost);
    },
    async steal(name, onLost) {
      const loser = alone.get(name);
      const release = hold(name, onLost);
      loser?.onLost?.();
      return release;
    },
    taken: async () => new Set([...alone.keys(), ...sharing.keys()]),
  };
}

/** A lock is given back once, however often that is asked for. */
function once(release: () => void): () => void {
  let isHeld = true;
  return () => {
    if (isHeld) release();
    isHeld = false;
  };
}
