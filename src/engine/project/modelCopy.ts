import { type ByteSource, piecesOf } from '../core/bytes';
import type { Reference } from '../store/records';
import type { Store, Writer } from '../store/store';

/** Bytes read at a time: a model need not fit into memory. */
const PIECE = 1 << 22;

export interface CopyCall {
  readonly signal: AbortSignal;
  /** Called with the bytes that are copied so far. */
  onProgress(done: number): void;
  /** File `i` is copied: writes the record that refers to it. */
  onCopied(i: number, artefact: Reference, writer: Writer): Promise<void>;
}

/** Copies files into the store, one after the other. Throws the signal's reason when aborted. */
export async function copyFiles(
  store: Store,
  files: readonly ByteSource[],
  { signal, onProgress, onCopied }: CopyCall,
): Promise<void> {
  let done = 0;
  async function* piecesFrom(file: ByteSource) {
    for await (const piece of piecesOf(file, 0, file.size, PIECE)) {
      signal.throwIfAborted();
      yield piece;
      done += piece.length;
      onProgress(done);
    }
  }
  for (const [i, file] of files.entries()) {
    await store.write(async (writer) => onCopied(i, await writer.put(piecesFrom(file), file.size), writer));
  }
}
