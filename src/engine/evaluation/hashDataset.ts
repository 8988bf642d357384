import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { TensorData } from '../runtime';
import type { Dataset, Labels } from './dataset';

/**
 * SHA-256 of the samples in a data set: name, type, shape and values of each input's array, without labels. It is not
 * the hash of a file: a data set may be a part of a file, and packing a file differently changes no sample.
 */
export function hashDataset({ fields }: Dataset): string {
  const hash = sha256.create();
  for (const { input, array } of fields) {
    hash.update(utf8ToBytes(JSON.stringify([input.name, array.type, array.dims])));
    hash.update(bytesOf(array.data));
  }
  return bytesToHex(hash.digest());
}

/** SHA-256 of labels, and of what they are. */
export function hashLabels({ kind, perSample, isNextToken = false, ids }: Labels): string {
  const hash = sha256.create().update(utf8ToBytes(JSON.stringify([kind, perSample, isNextToken])));
  return bytesToHex(hash.update(bytesOf(ids)).digest());
}

const bytesOf = (data: TensorData): Uint8Array =>
  Array.isArray(data)
    ? utf8ToBytes(JSON.stringify(data))
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
