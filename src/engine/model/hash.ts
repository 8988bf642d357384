import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { ByteSource } from './bytes';
import type { Model } from './model';

// The browser's own digest wants the whole file in memory at once.
const STEP = 1 << 22;

const known = new WeakMap<ByteSource, Promise<string>>();

/** SHA-256 of a model: of its file, or, with external data, of its files one after the other in the order of first use. */
export async function hashModel(model: Model, signal?: AbortSignal): Promise<string> {
  const sources = [...model.sources.values()];
  if (sources.length === 1) return hashSource(sources[0]!, signal);
  const hash = sha256.create();
  for (const source of sources) for await (const chunk of chunksOf(source, signal)) hash.update(chunk);
  return bytesToHex(hash.digest());
}

function hashSource(source: ByteSource, signal?: AbortSignal): Promise<string> {
  let hashed = known.get(source);
  if (!hashed) {
    hashed = (async () => {
      const hash = sha256.create();
      for await (const chunk of chunksOf(source, signal)) hash.update(chunk);
      return bytesToHex(hash.digest());
    })();
    hashed.catch(() => known.delete(source));
    known.set(source, hashed);
  }
  return hashed;
}

async function* chunksOf(source: ByteSource, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; at += STEP) {
    signal?.throwIfAborted();
    yield source.read(at, Math.min(STEP, source.size - at));
  }
}

export const hashText = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)));
