import type { TuningStore } from '../engine/gpu/tuning';

const DATABASE = 'carrara';
const TABLE = 'tuning';

/** Keeps choices in the browser: a worker has IndexedDB, but no localStorage. */
export function indexedDbStore(): TuningStore {
  let opening: Promise<IDBDatabase> | undefined;
  const table = async (mode: IDBTransactionMode) => {
    opening ??= open();
    return (await opening).transaction(TABLE, mode).objectStore(TABLE);
  };
  return {
    read: async (key) => result(await table('readonly').then((store) => store.get(key))),
    write: async (key, value) => void (await result(await table('readwrite').then((store) => store.put(value, key)))),
  };
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
  return result(request);
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
