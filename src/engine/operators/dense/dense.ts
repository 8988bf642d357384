import { DataType } from '../../model/onnx/build';
import { decodeFloats, encodeFloats, floatsToHalves } from '../../model/tensors';
import { BYTES_OF, type Dense, elements, type FloatType, type Form, matrixOf } from '../operator';
import { randomValues } from '../randomContents';
import { type StoredArray, stored } from '../stored';
import { roundedTo } from './rounding';

export const DATA_TYPE: Readonly<Record<FloatType, number>> = { float32: DataType.FLOAT, float16: DataType.FLOAT16 };

interface Kept {
  readonly type: FloatType;
  readonly parameters: number;
  readonly values: StoredArray;
}

export const denseForm: Form<'dense', Kept> = {
  describe: ({ type }) => (type === 'float16' ? 'dense f16' : 'dense'),
  // The key is not kept: another model may have another weight under it.
  keep({ shape, type, parameters, bytes, toDense }) {
    const dataType = DATA_TYPE[type];
    const read = async () => encodeFloats(await toDense(), dataType);
    return { type, parameters, values: { label: 'values', dims: shape, dataType, bytes, read } };
  },
  restore({ shape, type, parameters, values }) {
    const load = async () => decodeFloats(await values.read(), values.dataType, values.label);
    return dense(shape, type, load, undefined, parameters);
  },
  fill({ shape, type, parameters }, _, random) {
    const values = roundedTo(randomValues(random, elements(shape)), type, 'values');
    return dense(shape, type, async () => values, undefined, parameters);
  },
};

/**
 * A dense weight. `load` reads its values, row-major in `shape`, each time they are needed. All but `parameters` of
 * them are padding.
 */
export function dense(
  shape: readonly number[],
  type: FloatType,
  load: () => Promise<Float32Array<ArrayBuffer>>,
  key?: string,
  parameters = elements(shape),
): Dense {
  const count = elements(shape);
  const sizes = { shape, type, ...(key !== undefined && { key }), children: [] };
  const leaf: Dense = {
    kind: 'dense',
    ...sizes,
    form: denseForm.describe(sizes),
    parameters,
    bytes: count * BYTES_OF[type],
    multiplyAdds: parameters,
    with: () => leaf,
    toDense: () => load(),
    async prepare(on) {
      const values = await load();
      const [rows, columns] = matrixOf(shape);
      return on.dense({ rows, columns, values: type === 'float16' ? floatsToHalves(values) : values });
    },
    rebuildBytes: count * (type === 'float16' ? BYTES_OF.float32 : 0),
    rebuild: (writer) => writer.leaf(leaf),
  };
  return leaf;
}

/**
 * The error of rounding to float16, relative to the norm: 2^−11/√3, times 0.72 for mantissas spread evenly on a
 * logarithmic scale. The error of float32 is 2e−8, below anything reported.
 */
export const HALF_ROUNDING = 2.0e-4;

/**
 * A dense leaf with values in memory. They are rounded to the leaf's type at once, so the next method sees what will be
 * stored. Throws a BeyondRange where a value is not finite in this type.
 */
export function denseOf(shape: readonly number[], type: FloatType, values: Float32Array<ArrayBuffer>): Dense {
  const held = roundedTo(values, type, 'factors');
  return dense(shape, type, async () => held);
}

/** A leaf of a plan: only its size is known. */
export const plannedDense = (shape: readonly number[], type: FloatType): Dense =>
  dense(shape, type, () => Promise.reject(new Error('This weight is only planned.')));

/** The leaf with its values off the heap, so that the heap holds one layer at most. */
export async function spilled(leaf: Dense): Promise<Dense> {
  const values = await leaf.toDense();
  const array = stored('values', leaf.shape, DATA_TYPE.float32, values);
  return dense(leaf.shape, leaf.type, async () => new Float32Array((await array.read()).buffer), leaf.key);
}
