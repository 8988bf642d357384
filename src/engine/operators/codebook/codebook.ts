import { hashText } from '../../core/sha256';
import { DataType } from '../../model/onnx/build';
import { decodeFloats, encodeFloats } from '../../model/tensors';
import { DATA_TYPE } from '../dense/dense';
import { roundedTo } from '../dense/rounding';
import { cast, cropped, reshaped } from '../export/nodes';
import { BYTES_OF, elements, type FloatType, type Form, matrixOf, type Operator } from '../operator';
import { type CodeBits, pack, unpack, unpackedBytes, writeUnpacked } from '../packedCodes';
import { randomBytes, randomValues } from '../randomContents';
import { planned, type StoredArray, stored } from '../stored';

declare module '../operator' {
  interface Forms {
    readonly codebook: Kept;
  }
}

interface Kept {
  readonly codes: StoredArray;
  readonly book: Codebook;
  /** Whether the bytes of the codebook count for this weight. They count for one of the weights that share it. */
  readonly counted: boolean;
}

export const codebookForm: Form<'codebook', Kept> = {
  describe: ({ book }) => `codebook of ${book.size}`,
  keep: ({ codes, book, counted }) => ({ codes, book, counted }),
  restore: ({ shape, codes, book, counted }) => codebook(shape, codes, book, counted),
  fill({ shape, book }, _, random) {
    const codes = randomBytes(random, elements(shape)).map((byte) => byte % book.size);
    return clustered(
      shape,
      codes,
      codebookOf(roundedTo(randomValues(random, book.size), book.type, 'values'), book.type),
    );
  },
};

/** The values that codes stand for. */
export interface Codebook {
  readonly array: StoredArray;
  readonly type: FloatType;
  readonly size: number;
}

/** A codebook of values that are rounded to `type` already. `shared`: several weights use it, and a model stores it once. */
export const codebookOf = (values: Float32Array<ArrayBuffer>, type: FloatType, shared = false): Codebook => {
  const bytes = encodeFloats(values, DATA_TYPE[type]);
  const array = stored('codebook', [values.length], DATA_TYPE[type], bytes);
  return {
    array: shared ? { ...array, shared: hashText(`${type} ${bytes}`) } : array,
    type,
    size: values.length,
  };
};

export const plannedCodebook = (size: number, type: FloatType): Codebook => ({
  array: planned('codebook', [size], DATA_TYPE[type], size * BYTES_OF[type]),
  type,
  size,
});

const valuesOf = async ({ array, type }: Codebook): Promise<Float32Array<ArrayBuffer>> =>
  decodeFloats(await array.read(), DATA_TYPE[type], 'codebook');

/** The fewest bits for `size` different codes, such that codes fill whole bytes. */
export const codeBitsFor = (size: number): CodeBits => (size <= 2 ? 1 : size <= 4 ? 2 : size <= 16 ? 4 : 8);

export const clustered = (shape: readonly number[], codes: Uint8Array, book: Codebook, counted = true): Operator => {
  const bytes = pack(codes, codeBitsFor(book.size));
  return codebook(shape, stored('codes', [bytes.length], DataType.UINT8, bytes), book, counted);
};

export function plannedClustered(shape: readonly number[], book: Codebook, counted = true): Operator {
  const bytes = Math.ceil((elements(shape) * codeBitsFor(book.size)) / 8);
  return codebook(shape, planned('codes', [bytes], DataType.UINT8, bytes), book, counted);
}

/**
 * Each weight is one of a few values. It is stored as a code of 1, 2, 4 or 8 bits, and the codebook has the value of
 * each code. The exported model rebuilds it with a Gather, since no runtime multiplies by such codes. The bytes of a
 * shared codebook count for the weight that is `counted`.
 */
function codebook(shape: readonly number[], codes: StoredArray, book: Codebook, counted: boolean): Operator {
  const bits = codeBitsFor(book.size);
  const count = elements(shape);
  const spare = codes.bytes * (8 / bits) - count;
  const sizes = { codes, book, counted, shape, children: [] };
  return {
    kind: 'codebook',
    ...sizes,
    form: codebookForm.describe(sizes),
    parameters: count,
    bytes: codes.bytes + (counted ? book.array.bytes : 0),
    multiplyAdds: count,
    with() {
      return this;
    },
    async prepare(on) {
      const [rows, columns] = matrixOf(shape);
      return on.codebook({ rows, columns, bits, codes: await codes.read(), table: await valuesOf(book) });
    },
    async toDense() {
      const values = await valuesOf(book);
      const all = unpack(await codes.read(), bits, count);
      const weights = new Float32Array(count);
      for (let i = 0; i < count; i++) weights[i] = values[all[i]!]!;
      return weights;
    },
    rebuildBytes: unpackedBytes(count + spare, bits) + BYTES_OF.float32 * count * (spare > 0 ? 3 : 1),
    rebuild(writer) {
      const whole = spare > 0 ? [count + spare] : shape;
      let all = writeUnpacked(writer, writer.constant(codes), bits, codes.bytes, whole, DataType.INT32);
      if (spare > 0) all = reshaped(writer, cropped(writer, all, [0], [count]), shape);
      const values = writer.constant(book.array);
      const known = book.type === writer.type ? values : cast(writer, values, DATA_TYPE[writer.type]);
      return writer.node('Gather', [known, all]);
    },
  };
}
