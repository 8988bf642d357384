import { type ByteSource, piecesOf } from '../core/bytes';
import { sha256 } from '../core/sha256';

/** Bytes read at a time, so that no file is in memory as a whole. */
export const STEP = 1 << 22;

export async function hashSource(source: ByteSource, signal?: AbortSignal): Promise<string> {
  const hash = sha256(source.size);
  for await (const piece of piecesOf(source, 0, source.size, STEP)) {
    signal?.throwIfAborted();
    hash.update(piece);
  }
  return hash.hex();
}

export async function hashBytes(bytes: Uint8Array): Promise<string> {
  const hash = sha256(bytes.length);
  hash.update(bytes);
  return hash.hex();
}
