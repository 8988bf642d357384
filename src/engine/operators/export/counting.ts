import type { NodeWriter } from '../operator';
import { cropped, reshaped } from './nodes';

const BASE = 16;

/**
 * Writes nodes for the numbers 0 … count − 1 in int64. They are constant if `zero` [1] is, or without it if anything
 * may be folded. Range exists from opset 11 on. Before, the numbers are built from digits to the base of 16.
 */
export function counting(writer: NodeWriter, count: number, zero?: string): string {
  if (writer.opset < 11) return byDigits(writer, count, zero ?? writer.zero());
  // The Range takes a scalar directly: runtimes merge two equal Ranges only where no Reshape stands before them.
  const first = zero === undefined ? writer.zero([]) : reshaped(writer, zero, []);
  return writer.node('Range', [first, writer.int64([count], []), writer.int64([1], [])]);
}

function byDigits(writer: NodeWriter, count: number, zero: string): string {
  const digits = writer.node('Add', [writer.int64(Array.from({ length: BASE }, (_, digit) => digit)), zero]);
  if (count <= BASE) return cropped(writer, digits, [0], [count]);
  const above = Math.ceil(count / BASE);
  const higher = reshaped(writer, byDigits(writer, above, zero), [above, 1]);
  const all = writer.node('Add', [writer.node('Mul', [higher, writer.int64([BASE])]), digits]);
  const flat = reshaped(writer, all, [above * BASE]);
  return above * BASE > count ? cropped(writer, flat, [0], [count]) : flat;
}
