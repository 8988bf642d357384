import { UserError } from '../../core/errors';
import type { ElementType, HostTensor, TensorData } from '../../runtime';

/** NumPy's .npy: a magic word, a header that is a Python literal, then the elements as they lay in memory. */

type NumericData = Exclude<TensorData, string[]>;
type ArrayType = {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): NumericData;
  new (length: number): NumericData;
};

// float16 stays bits and bool stays bytes, as in HostTensor.
const KINDS: readonly (readonly [code: string, type: ElementType, array: ArrayType])[] = [
  ['b1', 'bool', Uint8Array],
  ['i1', 'int8', Int8Array],
  ['u1', 'uint8', Uint8Array],
  ['i2', 'int16', Int16Array],
  ['u2', 'uint16', Uint16Array],
  ['i4', 'int32', Int32Array],
  ['u4', 'uint32', Uint32Array],
  ['i8', 'int64', BigInt64Array],
  ['u8', 'uint64', BigUint64Array],
  ['f2', 'float16', Uint16Array],
  ['f4', 'float32', Float32Array],
  ['f8', 'float64', Float64Array],
];

/** NumPy has no arrays of more. */
const MOST_AXES = 64;

/**
 * Reads a .npy file, versions 1 to 3, either byte order, C or Fortran order, into C order. `name` stands in the errors.
 * Throws a UserError for a file that is no .npy, is cut short, or holds text, objects, records or complex numbers.
 */
export function readNpy(bytes: Uint8Array, name: string): HostTensor {
  const { descr, fortran, dims, offset } = readHeader(bytes, name);
  const kind = KINDS.find(([code]) => code === descr.slice(1));
  if (!kind) throw new UserError(`${name} holds ${unreadable(descr)}; save it as numbers, such as float32 or int64.`);
  const [, type, ArrayOf] = kind;
  const elements = dims.reduce((product, size) => product * size, 1);
  const length = elements * ArrayOf.BYTES_PER_ELEMENT;
  if (offset + length > bytes.length) {
    throw new UserError(
      `${name} is cut short: shape [${dims.join(', ')}] needs ${length} bytes of data, there are ${bytes.length - offset}; save it again.`,
    );
  }
  if (offset + length < bytes.length) {
    throw new UserError(
      `${name} is damaged: shape [${dims.join(', ')}] needs ${length} bytes of data, there are ${bytes.length - offset}; save it again.`,
    );
  }
  const payload = bytes.slice(offset, offset + length);
  if (descr[0] === '>') swapBytes(payload, ArrayOf.BYTES_PER_ELEMENT);
  const data = new ArrayOf(payload.buffer as ArrayBuffer);
  return { type, dims, data: fortran ? toRowMajor(data, dims, new ArrayOf(elements)) : data };
}

function readHeader(bytes: Uint8Array, name: string) {
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
  if (magic.some((byte, index) => bytes[index] !== byte)) {
    throw new UserError(`${name} is not a NumPy array (.npy); save the arrays with numpy.savez.`);
  }
  const cut = () => new UserError(`${name} is cut short: its header does not end; save it again.`);
  if (bytes.length < 12) throw cut();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6] >= 2;
  const start = wide ? 12 : 10;
  const offset = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  if (offset > bytes.length) throw cut();
  const header = new TextDecoder().decode(bytes.subarray(start, offset));
  // The keys come in any order; structured types have a list where plain ones have a string.
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1] ?? (/'descr'\s*:\s*\[/.test(header) ? '|V' : undefined);
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const shape = /'shape'\s*:\s*\(([\d,\sL]*)\)/.exec(header)?.[1];
  if (descr === undefined || fortran === undefined || shape === undefined) {
    throw new UserError(`${name} has a header that cannot be understood; save it again with numpy.savez.`);
  }
  const dims = (shape.match(/\d+/g) ?? []).map(Number);
  if (dims.length > MOST_AXES || !dims.every(Number.isSafeInteger))
    throw new UserError(`${name} has a shape that no array has; save it again with numpy.savez.`);
  return { descr, fortran: fortran === 'True', dims, offset };
}

function unreadable(descr: string): string {
  const kind: Readonly<Record<string, string>> = {
    O: 'Python objects',
    U: 'text',
    S: 'text',
    V: 'records',
    c: 'complex numbers',
    M: 'dates',
    m: 'durations',
  };
  return kind[descr[1]] ?? `elements of the type "${descr}"`;
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let start = 0; start < bytes.length; start += width) bytes.subarray(start, start + width).reverse();
}

function toRowMajor(data: NumericData, dims: readonly number[], out: NumericData): NumericData {
  const strides = dims.map((_, axis) => dims.slice(0, axis).reduce((product, size) => product * size, 1));
  const index = dims.map(() => 0);
  for (let element = 0, from = 0; element < out.length; element++) {
    out[element] = data[from];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < dims[axis]) break;
      from -= strides[axis] * dims[axis];
      index[axis] = 0;
    }
  }
  return out;
}

/** A tensor as .npy, version 1.0, little-endian, C order. Strings have no numeric form: they throw a TypeError. */
export function writeNpy({ type, dims, data }: HostTensor): Uint8Array<ArrayBuffer> {
  const code = KINDS.find(([, candidate]) => candidate === type)?.[0];
  if (!code || Array.isArray(data)) throw new TypeError(`An array of ${type} cannot be written as .npy.`);
  const order = code.endsWith('1') ? '|' : '<';
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(', ');
  const header = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': (${shape}), }`;
  // The data starts at a multiple of 64, so that it can be mapped; a newline ends the header.
  const start = Math.ceil((10 + header.length + 1) / 64) * 64;
  const bytes = new Uint8Array(start + data.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, (start - 10) & 255, (start - 10) >> 8]);
  bytes.set(new TextEncoder().encode(`${header.padEnd(start - 11)}\n`), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return bytes;
}
