/** Bytes that are read when they are needed: a `File` in the page, a file on disk on the command line. */
export interface ByteSource {
  readonly name: string;
  readonly size: number;
  /** `length` bytes from `offset`; throws a RangeError when they reach past the end. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Node reads less than 2 GiB in one call, and Chrome reads no larger part of a file. */
export const READ_AT_ONCE = 2 ** 30;

export function blobSource(blob: Blob, name: string): ByteSource {
  return {
    name,
    size: blob.size,
    async read(offset, length) {
      checkRange(name, blob.size, offset, length);
      const part = (from: number, to: number) => blob.slice(from, to).arrayBuffer();
      if (length <= READ_AT_ONCE) return new Uint8Array(await part(offset, offset + length));
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; at += READ_AT_ONCE)
        bytes.set(new Uint8Array(await part(offset + at, offset + Math.min(length, at + READ_AT_ONCE))), at);
      return bytes;
    },
  };
}

export function memorySource(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    async read(offset, length) {
      checkRange(name, bytes.byteLength, offset, length);
      // The `slice` of Node's Buffer returns a view, not a copy.
      return Uint8Array.prototype.slice.call(bytes, offset, offset + length) as Uint8Array<ArrayBuffer>;
    },
  };
}

/** Reads a part of a source in pieces of at most `step` bytes, so that it need not fit into memory. */
export async function* piecesOf(
  source: ByteSource,
  offset: number,
  length: number,
  step: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < length; at += step) yield await source.read(offset + at, Math.min(step, length - at));
}

/** A source that consists of the parts `[from, to)` of `source`, one after the other. */
export function joinedSource(source: ByteSource, parts: readonly (readonly [from: number, to: number])[]): ByteSource {
  const size = parts.reduce((sum, [from, to]) => sum + to - from, 0);
  return {
    name: source.name,
    size,
    async read(offset, length) {
      checkRange(source.name, size, offset, length);
      const bytes = new Uint8Array(length);
      let start = 0;
      for (const [from, to] of parts) {
        // The position of this part's bytes in the answer.
        const [first, last] = [Math.max(start, offset), Math.min(start + to - from, offset + length)];
        if (first < last) bytes.set(await source.read(from + first - start, last - first), first - offset);
        start += to - from;
      }
      return bytes;
    },
  };
}

export function checkRange(name: string, size: number, offset: number, length: number): void {
  if (offset < 0 || length < 0 || offset + length > size) {
    throw new RangeError(`${name} has ${size} bytes; ${length} bytes at ${offset} reach past its end.`);
  }
}

/** Whether two arrays hold the same bytes. It compares four bytes at a time where possible. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let at = 0;
  if (a.byteOffset % 4 === 0 && b.byteOffset % 4 === 0) {
    const words = a.length >> 2;
    const [x, y] = [a, b].map(({ buffer, byteOffset }) => new Int32Array(buffer, byteOffset, words));
    for (let i = 0; i < words; i++) if (x![i] !== y![i]) return false;
    at = words * 4;
  }
  for (; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
