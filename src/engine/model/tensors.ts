import { TensorProto_DataLocation as DataLocation, type TensorProto } from 'onnx-buf';
import { UserError } from '../core/errors';
import { DataType } from './onnx/build';

/** Bytes that a tensor's payload has elsewhere: `length` from `offset` of the source called `location`. */
export interface ExternalBytes {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

const NAMES: Readonly<Record<number, readonly [name: string, bits: number]>> = {
  [DataType.FLOAT]: ['float32', 32],
  [DataType.UINT8]: ['uint8', 8],
  [DataType.INT8]: ['int8', 8],
  [DataType.UINT16]: ['uint16', 16],
  [DataType.INT16]: ['int16', 16],
  [DataType.INT32]: ['int32', 32],
  [DataType.INT64]: ['int64', 64],
  [DataType.STRING]: ['string', 0],
  [DataType.BOOL]: ['bool', 8],
  [DataType.FLOAT16]: ['float16', 16],
  [DataType.DOUBLE]: ['float64', 64],
  [DataType.UINT32]: ['uint32', 32],
  [DataType.UINT64]: ['uint64', 64],
  [DataType.BFLOAT16]: ['bfloat16', 16],
  [DataType.FLOAT8E4M3FN]: ['float8e4m3fn', 8],
  [DataType.FLOAT8E4M3FNUZ]: ['float8e4m3fnuz', 8],
  [DataType.FLOAT8E5M2]: ['float8e5m2', 8],
  [DataType.FLOAT8E5M2FNUZ]: ['float8e5m2fnuz', 8],
  [DataType.UINT4]: ['uint4', 4],
  [DataType.INT4]: ['int4', 4],
  [DataType.COMPLEX64]: ['complex64', 64],
  [DataType.COMPLEX128]: ['complex128', 128],
  [DataType.FLOAT4E2M1]: ['float4e2m1', 4],
  [DataType.FLOAT8E8M0]: ['float8e8m0', 8],
  [DataType.UINT2]: ['uint2', 2],
  [DataType.INT2]: ['int2', 2],
};

export const isKnownType = (type: number): boolean => type in NAMES;

export const dtypeName = (type: number): string => NAMES[type]?.[0] ?? `type ${type}`;

/** The reverse of `dtypeName`. */
export const dataTypeCalled = (name: string): number =>
  Number(Object.keys(NAMES).find((type) => NAMES[Number(type)]![0] === name));

export const dimsOf = (tensor: TensorProto): number[] => tensor.dims.map(Number);

export const elementsOf = (tensor: TensorProto): number => dimsOf(tensor).reduce((product, size) => product * size, 1);

/** Stored bytes of the payload, from its shape and type. */
export const bytesOf = (tensor: TensorProto): number =>
  Math.ceil((elementsOf(tensor) * (NAMES[tensor.dataType]?.[1] ?? 0)) / 8);

/** What a tensor says of its data elsewhere; of several entries the last one counts. */
export const externalEntry = (tensor: TensorProto, key: 'location' | 'offset' | 'length'): string | undefined =>
  tensor.externalData.findLast((entry) => entry.key === key)?.value;

export function externalOf(tensor: TensorProto): ExternalBytes | undefined {
  if (tensor.dataLocation !== DataLocation.EXTERNAL) return undefined;
  const offset = Number(externalEntry(tensor, 'offset') ?? 0);
  const length = Number(externalEntry(tensor, 'length') ?? bytesOf(tensor));
  return { location: externalEntry(tensor, 'location') ?? '', offset, length };
}

/** Bytes of the payload of a tensor that has it inside, whichever field it was put in. */
export function inlineBytesCount(tensor: TensorProto): number {
  const { rawData, floatData, doubleData, int64Data, uint64Data, int32Data } = tensor;
  if (rawData.length > 0) return rawData.length;
  switch (tensor.dataType) {
    case DataType.FLOAT:
    case DataType.COMPLEX64:
      return 4 * floatData.length;
    case DataType.DOUBLE:
    case DataType.COMPLEX128:
      return 8 * doubleData.length;
    case DataType.INT64:
      return 8 * int64Data.length;
    case DataType.UINT64:
      return 8 * uint64Data.length;
    case DataType.UINT32:
      return 4 * uint64Data.length;
    case DataType.INT32:
      return 4 * int32Data.length;
    case DataType.FLOAT16:
    case DataType.BFLOAT16:
    case DataType.UINT16:
    case DataType.INT16:
      return 2 * int32Data.length;
    default:
      return int32Data.length;
  }
}

/** The payload of a tensor that has it inside, as little-endian bytes, whichever field it was put in. */
export function inlineBytes(tensor: TensorProto): Uint8Array<ArrayBuffer> {
  if (tensor.rawData.length > 0) return tensor.rawData;
  const view = <T extends { buffer: ArrayBuffer }>(array: T) => new Uint8Array(array.buffer);
  switch (tensor.dataType) {
    case DataType.FLOAT:
    case DataType.COMPLEX64:
      return view(Float32Array.from(tensor.floatData));
    case DataType.DOUBLE:
    case DataType.COMPLEX128:
      return view(Float64Array.from(tensor.doubleData));
    case DataType.INT64:
      return view(BigInt64Array.from(tensor.int64Data));
    case DataType.UINT64:
    case DataType.UINT32:
      return view(
        tensor.dataType === DataType.UINT64
          ? BigUint64Array.from(tensor.uint64Data)
          : Uint32Array.from(tensor.uint64Data, Number),
      );
    case DataType.INT32:
      return view(Int32Array.from(tensor.int32Data));
    case DataType.FLOAT16:
    case DataType.BFLOAT16:
    case DataType.UINT16:
    case DataType.INT16:
      return view(Uint16Array.from(tensor.int32Data));
    default:
      return view(Uint8Array.from(tensor.int32Data));
  }
}

/** The numbers of a tensor that has them inside, for the types in which graphs write sizes, axes and indices. */
export function inlineNumbers(tensor: TensorProto): number[] | undefined {
  if (tensor.dataLocation === DataLocation.EXTERNAL) return undefined;
  // Of a copy, which is aligned.
  const { buffer } = inlineBytes(tensor).slice();
  switch (tensor.dataType) {
    case DataType.INT64:
      return Array.from(new BigInt64Array(buffer), Number);
    case DataType.INT32:
      return Array.from(new Int32Array(buffer));
    case DataType.UINT8:
      return Array.from(new Uint8Array(buffer));
    case DataType.FLOAT:
      return Array.from(new Float32Array(buffer));
    default:
      return undefined;
  }
}

/** float32 values of a payload stored as `dataType` (float32, float16). Throws where a value is NaN or infinite. */
export function decodeFloats(
  bytes: Uint8Array<ArrayBuffer>,
  dataType: number,
  name: string,
): Float32Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const isFloat = dataType === DataType.FLOAT;
  const words = isFloat
    ? new Int32Array(buffer, byteOffset, byteLength / 4)
    : new Uint16Array(buffer, byteOffset, byteLength / 2);
  const values = isFloat ? new Float32Array(buffer, byteOffset, byteLength / 4) : halvesToFloats(words as Uint16Array);
  const beyond = firstNotFinite(words, isFloat ? 0x7f800000 : 0x7c00);
  if (beyond >= 0) {
    const what = Number.isNaN(values[beyond]) ? 'NaN' : 'an infinite value';
    throw new UserError(
      `Tensor "${name}" holds ${what} at element ${beyond}: repair it, or leave its layer out of the recipe.`,
    );
  }
  return values;
}

/**
 * The first of the floats' bit patterns whose exponent is all ones, which are infinities and NaN; −1 where there is
 * none.
 */
function firstNotFinite(words: Int32Array | Uint16Array, exponent: number): number {
  for (let i = 0; i < words.length; i++) if ((words[i]! & exponent) === exponent) return i;
  return -1;
}

/** Payload bytes of `values` as `dataType` (float32, float16, rounded to nearest even). */
export function encodeFloats(values: Float32Array<ArrayBuffer>, dataType: number): Uint8Array<ArrayBuffer> {
  if (dataType === DataType.FLOAT16) return new Uint8Array(floatsToHalves(values).buffer);
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** What each of the 65,536 bit patterns of float16 stands for; made when it is first asked for. */
let halfValues: Float32Array<ArrayBuffer> | undefined;

function valuesOfHalves(): Float32Array<ArrayBuffer> {
  halfValues ??= Float32Array.from({ length: 1 << 16 }, (_, half) => {
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    const infinite = fraction ? Number.NaN : Number.POSITIVE_INFINITY;
    const normal = (1 + fraction / 1024) * 2 ** (exponent - 15);
    const magnitude = exponent === 0 ? fraction * 2 ** -24 : exponent === 31 ? infinite : normal;
    return half & 0x8000 ? -magnitude : magnitude;
  });
  return halfValues;
}

export function halvesToFloats(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const known = valuesOfHalves();
  const out = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) out[i] = known[halves[i]!]!;
  return out;
}

const WORDS = new Uint32Array(1);
const WORDS_AS_FLOAT = new Float32Array(WORDS.buffer);

/** The float16 nearest to the float32 that has these bits, ties to even. */
function halfOf(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  // From 65520 on, rounding reaches 2^16, which float16 does not have.
  if (magnitude >= 0x477ff000) return sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00);
  if (magnitude < 0x38800000) {
    // Below 2^−14 float16 is fixed point in steps of 2^−24; adding 0.5 lines its bits up and rounds them.
    WORDS[0] = magnitude;
    WORDS_AS_FLOAT[0] = WORDS_AS_FLOAT[0]! + 0.5;
    return sign | (WORDS[0]! - 0x3f000000);
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

export function floatsToHalves(values: Float32Array): Uint16Array<ArrayBuffer> {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) out[i] = halfOf(words[i]!);
  return out;
}

/** A number as float16 holds it; infinite from 65520 on. */
export function roundedToHalf(value: number): number {
  WORDS_AS_FLOAT[0] = value;
  return valuesOfHalves()[halfOf(WORDS[0]!)]!;
}
