import type { ByteSource } from '../core/bytes';

/** The beginning and the end of a file, by which its format is recognised. */
export interface FileSample {
  readonly name: string;
  readonly head: Uint8Array;
  /** The head as text, one character for each byte. */
  readonly text: string;
  /** The last bytes in the same way. */
  readonly tail: string;
}

/** Bytes that are read at each end. The names in a zip archive stand at its beginning and at its end. */
const LENGTH = 1 << 16;

export async function sampleOf(source: ByteSource): Promise<FileSample> {
  const length = Math.min(LENGTH, source.size);
  return sample(source.name, await source.read(0, length), await source.read(source.size - length, length));
}

export const sampleOfBytes = (bytes: Uint8Array, name: string): FileSample =>
  sample(name, bytes.subarray(0, LENGTH), bytes.subarray(-LENGTH));

const sample = (name: string, head: Uint8Array, tail: Uint8Array): FileSample => ({
  name,
  head,
  text: characters(head),
  tail: characters(tail),
});

/** One character for each byte. The decoder's "latin1" is windows-1252, which maps some bytes to other characters. */
function characters(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text;
}
