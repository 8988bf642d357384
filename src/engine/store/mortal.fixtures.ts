import type { Backing } from './backing';

export class Killed extends Error {
  override readonly name = 'Killed';
}

/**
 * The backing of a program that ends in the middle of its work: after `steps` more steps every call fails, so that
 * nothing reaches the files any more. What it holds locked is given back, as the end of a tab does.
 */
export function mortal(backing: Backing & { close?(): Promise<void> }, steps = Number.POSITIVE_INFINITY) {
  let left = steps;
  let taken = 0;
  let closed: Promise<void> | undefined;
  const releases = new Set<() => void>();
  let told: () => void = () => undefined;
  const death = new Promise<void>((resolve) => {
    told = resolve;
  });
  const die = async () => {
    left = 0;
    told();
    for (const release of releases) release();
    releases.clear();
    await (closed ??= backing.close?.());
  };
  const step = () => {
    taken++;
    if (left-- > 0) return;
    void die();
    throw new Killed('The program has ended.');
  };
  const held = <T extends (() => void) | undefined>(release: T): T => {
    if (release) releases.add(release);
    return release;
  };
  const wrapped: Backing = {
    locks: {
      async share(name) {
        step();
        return held(await backing.locks.share(name));
      },
      async take(name, patience, onLost) {
        step();
        return held(await backing.locks.take(name, patience, onLost));
      },
      ...(backing.locks.steal && {
        async steal(name, onLost) {
          step();
          return held(await backing.locks.steal!(name, onLost));
        },
      }),
      async taken() {
        step();
        return backing.locks.taken();
      },
    },
    async open(folder, name) {
      step();
      const source = await backing.open(folder, name);
      const read = async (offset: number, length: number) => {
        step();
        return source!.read(offset, length);
      };
      return source && { ...source, read };
    },
    async stage() {
      step();
      const staged = await backing.stage();
      return {
        async write(bytes) {
          // Half of what is written when the end comes gets through.
          if (left <= 0) await staged.write(bytes.subarray(0, bytes.length >> 1));
          step();
          await staged.write(bytes);
        },
        async commit(folder, name) {
          step();
          await staged.commit(folder, name);
        },
        async discard() {
          step();
          await staged.discard();
        },
      };
    },
    async list(folder) {
      step();
      return backing.list(folder);
    },
    async remove(folder, name) {
      step();
      await backing.remove(folder, name);
    },
    async removeStaged() {
      step();
      await backing.removeStaged();
    },
  };
  return {
    backing: wrapped,
    die,
    /** Resolves when the end has come. */
    death,
    get isDead() {
      return left <= 0;
    },
    /** Steps that were taken so far. */
    get taken() {
      return taken;
    },
  };
}
