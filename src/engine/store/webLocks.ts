import type { Locks, Release } from './backing';

/** The browser's locks between tabs, under names that begin with `prefix`. */
export function webLocks(prefix: string): Locks {
  const full = (name: string) => `${prefix}:${name}`;
  return {
    share: async (name) => (await request(full(name), { mode: 'shared' }))!,
    take: (name, patience = 0, onLost) =>
      request(full(name), patience > 0 ? { signal: AbortSignal.timeout(patience) } : { ifAvailable: true }, onLost),
    steal: async (name, onLost) => (await request(full(name), { steal: true }, onLost))!,
    async taken() {
      const { held = [] } = await navigator.locks.query();
      return new Set(held.flatMap(({ name }) => (name?.startsWith(full('')) ? [name.slice(prefix.length + 1)] : [])));
    },
  };
}

/** The browser holds a lock while a promise is pending; giving it back resolves that promise. */
function request(name: string, options: LockOptions, onLost?: () => void): Promise<Release | undefined> {
  return new Promise((resolve, reject) => {
    let isHeld = false;
    navigator.locks
      .request(name, options, (lock) => {
        if (!lock) return resolve(undefined);
        isHeld = true;
        return new Promise<void>((release) => resolve(() => release()));
      })
      .catch((error: unknown) => {
        if (isHeld) onLost?.();
        else if (options.signal?.aborted) resolve(undefined);
        else reject(error);
      });
  });
}
