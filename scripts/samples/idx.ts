import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { messageOf, UserError } from '../../src/engine/core/errors';

export interface Idx {
  readonly dims: readonly number[];
  /** Unsigned bytes, row-major. */
  readonly data: Uint8Array;
}

/**
 * An array in the idx format of the MNIST family: two zero bytes, a type (0x08: unsigned byte), the number of axes,
 * one big-endian uint32 per axis, then the values. Throws a UserError for anything else.
 */
export function parseIdx(bytes: Uint8Array, name: string): Idx {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== 0 || view.getUint8(2) !== 0x08) {
    throw new UserError(`${name} is not an idx file of unsigned bytes; download it again.`);
  }
  const axes = view.getUint8(3);
  const start = 4 + 4 * axes;
  const dims = bytes.length < start ? [] : Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const length = dims.reduce((product, size) => product * size, 1);
  if (dims.length !== axes || bytes.length !== start + length) {
    throw new UserError(`${name} has ${bytes.length} bytes, which its own header contradicts; download it again.`);
  }
  return { dims, data: bytes.subarray(start) };
}

/** Reads a gzipped idx file. */
export function readIdx(path: string): Idx {
  let bytes: Uint8Array;
  try {
    bytes = gunzipSync(readFileSync(path));
  } catch (error) {
    throw new UserError(`${path} cannot be read (${messageOf(error)}).`);
  }
  return parseIdx(bytes, path);
}
