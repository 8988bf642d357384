import { UserError } from '../core/errors';
import { floatsToHalves, halvesToFloats } from '../model/tensors';
import type { ElementType, HostTensor, TensorData } from '../runtime';

type NumericData = Exclude<TensorData, string[]>;

const ARRAYS = {
  float32: Float32Array,
  float16: Uint16Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} satisfies Record<Exclude<ElementType, 'string'>, new (length: number) => NumericData>;

// Values are converted through doubles, so int64 and uint64 are limited to what a double holds exactly.
const RANGES: Partial<Record<ElementType, readonly [low: number, high: number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint64: [0, Number.MAX_SAFE_INTEGER],
};

export const isFloat = (type: ElementType): boolean => type.startsWith('float');

/** Throws a UserError where an input is of a type that cannot be fed: bfloat16, a sequence. */
export function checkFeedable({ name, type }: { readonly name: string; readonly type: string }): void {
  if (type in ARRAYS || type === 'string') return;
  const what = /^\w+$/.test(type) ? `${type} numbers` : 'no plain tensor';
  throw new UserError(`Input "${name}" takes ${what}, which cannot be fed here: choose a model that takes numbers.`);
}

export function allocate(type: ElementType, length: number): NumericData {
  if (type === 'string') throw new UserError('Inputs of text are not supported; choose a model that takes numbers.');
  return new ARRAYS[type](length);
}

/** The values as numbers that can be read by index: float16 bits decoded, 64-bit integers rounded to doubles. */
export function toNumbers({ type, data }: Pick<HostTensor, 'type' | 'data'>): ArrayLike<number> {
  if (Array.isArray(data)) throw new UserError('A tensor of text was found where numbers are needed.');
  if (type === 'float16') return halvesToFloats(data as Uint16Array);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float64Array.from(data, Number);
  return data;
}

/** Makes a tensor of `type` from numbers; `bool` is "not zero", float16 rounds to nearest even. */
export function fromNumbers(values: ArrayLike<number>, type: ElementType): NumericData {
  if (type === 'float16') return floatsToHalves(Float32Array.from(values));
  const out = allocate(type, values.length);
  if (out instanceof BigInt64Array || out instanceof BigUint64Array) {
    for (let i = 0; i < values.length; i++) out[i] = BigInt(values[i]);
  } else {
    for (let i = 0; i < values.length; i++) out[i] = type === 'bool' ? Number(values[i] !== 0) : values[i];
  }
  return out;
}

/** By value, not by bits: uint8 255 becomes float32 255. Check `checkConvertible` first. */
export function convert(tensor: HostTensor, type: ElementType): TensorData {
  return tensor.type === type ? tensor.data : fromNumbers(toNumbers(tensor), type);
}

/** Throws a UserError, beginning with `what`, where an integer type cannot hold a value exactly. */
export function checkConvertible(tensor: HostTensor, type: ElementType, what: string): void {
  const range = RANGES[type];
  if (tensor.type === type || !range) return;
  const values = toNumbers(tensor);
  for (let i = 0; i < values.length; i++) {
    if (!Number.isInteger(values[i]) || values[i] < range[0] || values[i] > range[1]) {
      throw new UserError(
        `${what} must be ${type}, but holds ${values[i]} at element ${i}: save it as whole numbers in range.`,
      );
    }
  }
}
