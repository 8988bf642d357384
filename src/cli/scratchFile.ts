import { closeSync, openSync, read, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkRange } from '../engine/core/bytes';
import { blobs, type OffHeap } from '../engine/model/offHeap';
import { temporaryName } from './temporaryFiles';

const readAt = promisify(read);

/**
 * A file in `folder` for arrays that wait to be written. It has no name where the system allows that, so that it vanishes
 * with the process however that ends; elsewhere `close` removes it, or the next run's sweep. What the file cannot take,
 * as where the disk is full, is held in memory.
 */
export function scratchFile(folder: string): OffHeap & { close(): void } {
  const path = join(folder, temporaryName('values'));
  const descriptor = openSync(path, 'wx+', 0o600);
  const remove = () => {
    try {
      rmSync(path, { force: true });
    } catch {
      // Windows does not remove what is open.
    }
  };
  remove();
  let size = 0;
  return {
    put(bytes) {
      const from = size;
      try {
        for (let at = 0; at < bytes.length; ) {
          at += writeSync(descriptor, bytes, at, bytes.length - at, from + at);
        }
      } catch {
        return blobs.put(bytes);
      }
      const { length: held } = bytes;
      size += held;
      return {
        size: held,
        async read(offset, length) {
          checkRange('the scratch file', held, offset, length);
          const found = new Uint8Array(length);
          for (let at = 0; at < length; ) {
            const { bytesRead } = await readAt(descriptor, found, at, length - at, from + offset + at);
            if (bytesRead === 0) throw new RangeError(`The scratch file ended at ${from + offset + at}.`);
            at += bytesRead;
          }
          return found;
        },
      };
    },
    close() {
      closeSync(descriptor);
      remove();
    },
  };
}
