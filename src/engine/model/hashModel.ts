import { type ByteSource, piecesOf } from '../core/bytes';
import { sha256 } from '../core/sha256';
import type { Model } from './model';
import { isInFile, SELF } from './onnx/structure';

/** Bytes read at a time. */
const STEP = 1 << 22;

// By the source of the model's own file: opening the model again makes a new source.
const known = new WeakMap<ByteSource, string>();

/**
 * SHA-256 of a model: of its file, or, with external data, of its files one after the other in the order of first use.
 */
export async function hashModel(model: Model, signal?: AbortSignal): Promise<string> {
  // Payloads in pieces of the model's own file are hashed with that file.
  const sources = [...model.sources].flatMap(([location, source]) =>
    isInFile(location) && location !== SELF ? [] : source,
  );
  const hashed = known.get(sources[0]!);
  if (hashed) return hashed;
  const hash = sha256(sources.reduce((sum, { size }) => sum + size, 0));
  for (const source of sources) {
    for await (const piece of piecesOf(source, 0, source.size, STEP)) {
      signal?.throwIfAborted();
      hash.update(piece);
    }
  }
  const digest = await hash.hex();
  known.set(sources[0]!, digest);
  return digest;
}
