import { DataType } from '../model/onnx/build';
import { cast, reshaped } from './export/nodes';
import { BYTES_OF, type NodeWriter } from './operator';

export type CodeBits = 1 | 2 | 4 | 8;

/** Packs codes below 2^bits into bytes, the first code in the lowest bits, as MatMulNBits does. Unused bits are 0. */
export function pack(codes: Uint8Array, bits: CodeBits): Uint8Array<ArrayBuffer> {
  const each = 8 / bits;
  const bytes = new Uint8Array(Math.ceil(codes.length / each));
  for (let byte = 0, at = 0; byte < bytes.length; byte++) {
    let value = 0;
    for (let shift = 0; shift < 8 && at < codes.length; shift += bits) value |= codes[at++]! << shift;
    bytes[byte] = value;
  }
  return bytes;
}

/** Unpacks the first `count` codes that `pack` packed. */
export function unpack(bytes: Uint8Array, bits: CodeBits, count: number): Uint8Array<ArrayBuffer> {
  const codes = new Uint8Array(count);
  const most = 2 ** bits - 1;
  for (let byte = 0, at = 0; at < count; byte++) {
    const value = bytes[byte]!;
    for (let shift = 0; shift < 8 && at < count; shift += bits) codes[at++] = (value >> shift) & most;
  }
  return codes;
}

/**
 * Writes nodes that unpack `count` bytes called `bytes` into codes of shape `dims`, cast to `type`. Each code is
 * shifted to the top of its byte, which drops the codes above it, and then to the bottom: two values of one byte for
 * each code. BitShift exists from opset 11 on. Before, the same is computed in float32, where code = ⌊byte/2^k⌋ −
 * 2^bits·⌊byte/2^(k + bits)⌋ is exact.
 */
export function writeUnpacked(
  writer: NodeWriter,
  bytes: string,
  bits: CodeBits,
  count: number,
  dims: readonly number[],
  type: number,
): string {
  const each = 8 / bits;
  if (each === 1) return cast(writer, reshaped(writer, bytes, dims), type);
  const spread = reshaped(writer, bytes, [count, 1]);
  const shifts = Array.from({ length: each }, (_, k) => bits * k);
  if (writer.opset >= 11) {
    const amounts = (values: readonly number[]) => cast(writer, writer.int64(values), DataType.UINT8);
    const top = writer.node('BitShift', [spread, amounts(shifts.map((shift) => 8 - bits - shift))], {
      direction: 'LEFT',
    });
    const codes = writer.node('BitShift', [top, amounts([8 - bits])], { direction: 'RIGHT' });
    return cast(writer, reshaped(writer, codes, dims), type);
  }
  const whole = cast(writer, spread, DataType.FLOAT);
  const floors = (divisors: readonly number[]) => {
    const divisor = cast(writer, writer.int64(divisors), DataType.FLOAT);
    return writer.node('Floor', [writer.node('Div', [whole, divisor])]);
  };
  const above = writer.node('Mul', [
    floors(shifts.map((shift) => 2 ** (shift + bits))),
    cast(writer, writer.int64([2 ** bits]), DataType.FLOAT),
  ]);
  const codes = writer.node('Sub', [floors(shifts.map((shift) => 2 ** shift)), above]);
  const shaped = reshaped(writer, codes, dims);
  return type === DataType.FLOAT ? shaped : cast(writer, shaped, type);
}

/**
 * Bytes of the values that `writeUnpacked` computes for `codes` codes from opset 11 on. Before, they are about twice as
 * many.
 */
export const unpackedBytes = (codes: number, bits: CodeBits): number =>
  (bits === 8 ? 1 : 3) * codes + BYTES_OF.float32 * codes;
