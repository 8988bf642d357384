import { type ByteSource, blobSource } from '../core/bytes';

/** Where large arrays go until they are written: bytes that were put there, to be read back. */
export interface OffHeap {
  /** Copies `bytes` at once; the caller may change them afterwards. */
  put(bytes: Uint8Array<ArrayBuffer>): Pick<ByteSource, 'size' | 'read'>;
}

/** Browsers keep large Blobs on disk. Node keeps them in memory, so the command line puts a file in their place. */
export const blobs: OffHeap = { put: (bytes) => blobSource(new Blob([bytes]), 'a Blob') };

let place = blobs;

/** Puts large arrays into `other` from now on; what was put before stays where it is. */
export function keepOffHeapIn(other: OffHeap): void {
  place = other;
}

/** Takes a copy of `bytes` off the heap. */
export const offHeap: OffHeap['put'] = (bytes) => place.put(bytes);
