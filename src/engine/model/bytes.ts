/** Bytes that are read when needed: a `File` in the page, a file on disk on the command line. */
export interface ByteSource {
  readonly name: string;
  readonly size: number;
  /** `length` bytes from `offset`; throws a RangeError when they reach past the end. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

export function blobSource(blob: Blob, name: string): ByteSource {
  return {
    name,
    size: blob.size,
    async read(offset, length) {
      checkRange(name, blob.size, offset, length);
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    },
  };
}

export function memorySource(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    async read(offset, length) {
      checkRange(name, bytes.byteLength, offset, length);
      // Node's Buffer hands out views from its own `slice`.
      return Uint8Array.prototype.slice.call(bytes, offset, offset + length) as Uint8Array<ArrayBuffer>;
    },
  };
}

export function checkRange(name: string, size: number, offset: number, length: number): void {
  if (offset < 0 || length < 0 || offset + length > size) {
    throw new RangeError(`${name} has ${size} bytes; ${length} bytes at ${offset} reach past its end.`);
  }
}
