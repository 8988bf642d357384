import { offHeap } from '../model/offHeap';

/** An array as the file stores it: codes, scales or indices. */
export interface StoredArray {
  /** What it is, as a suffix of its name in the model: "codes". */
  readonly label: string;
  readonly dims: readonly number[];
  /** ONNX's element type. */
  readonly dataType: number;
  readonly bytes: number;
  /** Where several weights use the same array: what names it among them. A model stores arrays of one name once. */
  readonly shared?: string;
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

type Values = { readonly buffer: ArrayBufferLike; readonly byteOffset: number; readonly byteLength: number };

/** Smaller arrays stay on the heap. */
const LARGE = 1 << 16;

/** Keeps a copy of `values`, off the heap where it is large. */
export function stored(label: string, dims: readonly number[], dataType: number, values: Values): StoredArray {
  const { buffer, byteOffset, byteLength } = values;
  const given = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  if (byteLength < LARGE) {
    const bytes = given.slice();
    return { label, dims, dataType, bytes: byteLength, read: async () => bytes };
  }
  const kept = offHeap(given);
  return { label, dims, dataType, bytes: byteLength, read: () => kept.read(0, byteLength) };
}

/** An array of a plan: only its size is known. */
export const planned = (label: string, dims: readonly number[], dataType: number, bytes: number): StoredArray => ({
  label,
  dims,
  dataType,
  bytes,
  read: () => Promise.reject(new Error(`${label} is only planned.`)),
});
