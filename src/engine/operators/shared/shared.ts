import { DataType } from '../../model/onnx/build';
import { counting } from '../export/counting';
import { cast, cropped, reshaped } from '../export/nodes';
import { elements, type Form, matrixOf, type NodeWriter, type Operator } from '../operator';
import { stored } from '../stored';
import { hashOf, sharing } from './sharing';

declare module '../operator' {
  interface Forms {
    readonly shared: {
      readonly slots: number;
      /** Weights that lie together: from 1 to as many as there are slots. */
      readonly run: number;
      readonly seed: number;
    };
  }
}

export const sharedForm: Form<'shared', { readonly run: number; readonly seed: number }> = {
  describe: ({ slots }) => `shared ${slots}`,
  keep: ({ run, seed }) => ({ run, seed }),
  restore: ({ shape, children: [slots], run, seed }) => shared(slots!, shape, run, seed),
};

/** Bytes that are stored beside the slots: the number that the graph counts from. */
export const BESIDE_SLOTS = 8;

/**
 * Weights that share slots by a hash (`HashedArrays` defines which). Each run of `run` weights takes slots that follow
 * each other, in a circle, from a hashed place on. Each row and each column has a sign. `slots` is a leaf [1, s], 1 ≤
 * run ≤ s.
 *
 * The graph hashes the numbers of runs, columns and rows in int64, so only the slots are stored. A separate sign for
 * each weight would take 115 bytes a weight while loading, instead of 28.
 */
export function shared(slots: Operator, shape: readonly number[], run: number, seed: number): Operator {
  const count = elements(slots.shape);
  const [rows, columns] = matrixOf(shape);
  const size = rows * columns;
  const runs = Math.ceil(size / run);
  const keys = Math.max(runs, rows + columns);
  const numbers = Math.max(keys, run);
  const overhang = runs * run > size;
  const kernel = shape.length > 2;
  const first = stored('first', [1], DataType.INT64, new BigInt64Array(1));
  const sizes = { slots: count, run, seed, shape, children: [slots] };
  return {
    kind: 'shared',
    ...sizes,
    form: sharedForm.describe(sizes),
    parameters: slots.parameters,
    bytes: slots.bytes + BESIDE_SLOTS,
    multiplyAdds: size,
    with: ([next]) => shared(next!, shape, run, seed),
    async toDense(multiply) {
      const values = await slots.toDense(multiply);
      const { slotOf, signOf } = sharing({ rows, columns, run, seed }, count);
      return Float32Array.from(
        { length: size },
        (_, at) => signOf(Math.floor(at / columns), at % columns) * values[slotOf(at)]!,
      );
    },
    /** Slots that are stored in another form are decoded. */
    prepare: async (on) => on.hashed({ rows, columns, slots: await slots.toDense(), run, hash: hashOf(seed) }),
    // Numbers and their hashes, the slots twice, and for each weight its place, its value and its value in order.
    rebuildBytes:
      slots.rebuildBytes +
      8 * (numbers + 8 * keys) +
      4 * (keys + 2 * (rows + columns)) +
      4 * (3 * run + 3 * count + 2 * runs * run) +
      4 * size * (3 + Number(overhang) + Number(kernel)),
    rebuild(writer) {
      const counted = counting(writer, numbers, writer.constant(first, true));
      const hashes = hashed(writer, keys < numbers ? cropped(writer, counted, [0], [keys]) : counted, seed);
      const places = remainder(writer, cropped(writer, hashes, [0], [runs]), count);
      const within = run < numbers ? cropped(writer, counted, [0], [run]) : counted;
      const index = writer.node('Add', [
        reshaped(writer, cast(writer, places, DataType.INT32), [runs, 1]),
        cast(writer, within, DataType.INT32),
      ]);
      // After the last slot comes the first one again.
      const flat = reshaped(writer, slots.rebuild(writer), [count]);
      let weights = writer.node('Gather', [writer.node('Concat', [flat, flat], { axis: 0 }), index]);
      if (overhang) weights = cropped(writer, reshaped(writer, weights, [runs * run]), [0], [size]);
      const half = writer.node('Div', [hashes, writer.int64([2 ** 31])]);
      const signs = writer.node('Gather', [writer.float([1, -1]), half]);
      const byColumn = cropped(writer, signs, [0], [columns]);
      const byRow = reshaped(writer, cropped(writer, signs, [0], [columns + rows], [columns]), [rows, 1]);
      const turned = writer.node('Mul', [reshaped(writer, weights, [rows, columns]), byRow]);
      const matrix = writer.node('Mul', [turned, byColumn]);
      return kernel ? reshaped(writer, matrix, shape) : matrix;
    },
  };
}

/**
 * `hashOf(seed)` of int64 numbers below 2³¹: (c + x·((b + a·x) mod 2³²)) mod 2³². No product reaches 2⁶³.
 */
function hashed(writer: NodeWriter, x: string, seed: number): string {
  const { a, b, c } = hashOf(seed);
  const plus = (value: string, added: number) => writer.node('Add', [value, writer.int64([added])]);
  const inner = remainder(writer, plus(writer.node('Mul', [x, writer.int64([a])]), b), 2 ** 32);
  return remainder(writer, plus(writer.node('Mul', [x, inner]), c), 2 ** 32);
}

/** x mod `by`, for x ≥ 0. Mod came with opset 10. */
function remainder(writer: NodeWriter, x: string, by: number): string {
  const divisor = writer.int64([by]);
  if (writer.opset >= 10) return writer.node('Mod', [x, divisor]);
  return writer.node('Sub', [x, writer.node('Mul', [writer.node('Div', [x, divisor]), divisor])]);
}
