import { DataType } from '../../../model/onnx/build';
import { cast } from '../../export/nodes';
import type { NodeWriter } from '../../operator';
import type { ArrayPlan, PlaceValues } from './layout';

/**
 * Arrays for whole numbers 0 … largest: one of bytes, two of low and high bytes, or one of int32. uint16 is not used,
 * since browser runtimes lack the Cast that reads it.
 */
export function wholesPlan(label: string, dims: readonly number[], largest: number): ArrayPlan[] {
  const count = dims.reduce((product, size) => product * size, 1);
  const bytes = (name: string): ArrayPlan => ({ label: name, dims, dataType: DataType.UINT8, bytes: count });
  if (largest < 256) return [bytes(label)];
  if (largest < 65536) return [bytes(label), bytes(`${label}_high`)];
  return [{ label, dims, dataType: DataType.INT32, bytes: 4 * count }];
}

export function encodeWholes(values: Int32Array<ArrayBuffer>, largest: number): PlaceValues[] {
  if (largest >= 65536) return [values];
  const low = Uint8Array.from(values, (value) => value & 255);
  return largest < 256 ? [low] : [low, Uint8Array.from(values, (value) => value >> 8)];
}

export function decodeWholes([low, high]: readonly Uint8Array<ArrayBuffer>[], count: number): Int32Array<ArrayBuffer> {
  if (low!.length > count) return new Int32Array(low!.buffer, low!.byteOffset, count);
  return Int32Array.from(low!, (value, i) => value + 256 * (high?.[i] ?? 0));
}

/** Writes nodes that compute the numbers in int32. */
export function writeWholes(writer: NodeWriter, [low, high]: readonly string[]): string {
  const wide = cast(writer, low!, DataType.INT32);
  if (high === undefined) return wide;
  const scale = cast(writer, writer.int64([256]), DataType.INT32);
  return writer.node('Add', [wide, writer.node('Mul', [cast(writer, high, DataType.INT32), scale])]);
}

/** Bytes of all values that `writeWholes` computes for `count` numbers. */
export const wholesBytes = (count: number, largest: number): number =>
  (largest >= 256 && largest < 65536 ? 16 : 4) * count;
