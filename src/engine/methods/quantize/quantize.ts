import { unusualScale } from '../../linalg/scaling';
import { kindOfOperator } from '../../model/layerOperators/roles';
import { columnParts, columnsOf } from '../../operators/columnParts/columnParts';
import { denseOf, plannedDense } from '../../operators/dense/dense';
import { type Dense, type FloatType, matrixOf, type Operator } from '../../operators/operator';
import { plannedQuantized, type Quantisation, quantizedOf } from '../../operators/quantized/quantized';
import { scaled } from '../../operators/scaled/scaled';
import { type InputStatistics, selected } from '../../operators/statistics';
import type { Method, MethodContext, Outcome, PlanContext, Skipped } from '../method';
import { gridOf } from '../pictures/grid';
import { quantizeAdvice } from './advice';
import { awq } from './awq';
import { gptq } from './gptq';
import type { FittedForm, GridOptions } from './grid';
import { nearest } from './nearest';
import { type QuantizeOptions, quantizeOptions } from './options';

/**
 * Stores weights as whole numbers of 8, 4 or 2 bits with a scale for each group of a row. A zero point serves lopsided
 * ranges: by default at 4 and 2 bits, where an unused code is a sixteenth or a quarter of all, and not at 8. With 8-bit
 * activations weights have one scale a row and no zero points, as MatMulInteger needs them.
 */
export const quantize: Method<QuantizeOptions> = {
  name: 'quantize',
  title: 'Quantisation',
  summary: 'Stores each weight as a code of 8, 4 or 2 bits, with a scale for each group of them.',
  paper:
    'GPTQ: Frantar et al. 2023 (arXiv:2210.17323); AWQ: Lin et al. 2024 (2306.00978); LLM.int8(): Dettmers et al. 2022 (2208.07339)',
  options: quantizeOptions,
  resolve: (given) => ({ symmetric: given.bits === 8, ...given }),
  needsData: ({ rounding, activations }) => rounding !== 'nearest' || activations === 'outliers',
  // Scales that float16 holds too coarsely are stored in float32.
  estimates: ({ type }) => type === 'float16',
  plan(leaf, given, context) {
    const skip = unfit(given, context);
    if (skip) return skip;
    return given.activations === 'outliers' ? 'unknown' : planned(leaf, given);
  },
  async apply(leaf, given, context) {
    const { input, noInput } = context;
    const skip = unfit(given, context);
    if (skip) return skip;
    if (quantize.needsData!(given) && !input) {
      const what = given.activations === 'outliers' ? 'keeping outliers' : `rounding by ${given.rounding}`;
      return { skipped: `${what} needs statistics of the layer's input, and ${noInput}` };
    }
    const values = await leaf.toDense();
    // The scales of inputs and weights are multiplied in float32 first.
    if (given.activations !== 'none' && unusualScale(values) !== 1)
      return { skipped: 'its weights are too small or too large for 8-bit inputs: take activations none' };
    if (given.activations === 'outliers') return withOutliers(leaf, values, given, context, input!);
    return coded(leaf, values, given, context, input);
  },
  advice(leaf, given, context) {
    const skip = unfit(given, context);
    if (skip) return [`It is left as it is: ${skip.skipped}.`];
    return quantizeAdvice(leaf, given, { spec: specOf(leaf, given), plan: planned(leaf, given) }, context);
  },
  variants: [{ variant: 'GPTQ', options: { rounding: 'gptq' } }],
  picture: ({ weight, before, after }, given) => gridOf(before, after, weight.shape, specOf(weight, given).blockSize),
};

function specOf(leaf: Dense, { bits, groupSize, symmetric = bits === 8, activations }: QuantizeOptions): Quantisation {
  if (activations !== 'none') return { bits, blockSize: rowBlock(leaf), zeroPoints: false, dynamic: true };
  return { bits, blockSize: blockSizeOf(leaf, groupSize), zeroPoints: !symmetric };
}

/**
 * The block size of the layout, whose last block is padded. A row that one group covers gets one block: a size that
 * MatMulNBits takes, where that wastes little, else just enough for whole bytes.
 */
function blockSizeOf(leaf: Dense, groupSize: number): number {
  const [, columns] = matrixOf(leaf.shape);
  if (groupSize > 0 && columns > groupSize) return groupSize;
  const power = Math.max(16, 2 ** Math.ceil(Math.log2(columns)));
  return leaf.shape.length === 2 && power <= 256 && power < 1.1 * columns ? power : rowBlock(leaf);
}

const rowBlock = ({ shape }: Dense): number => 4 * Math.ceil(matrixOf(shape)[1] / 4);

function planned(leaf: Dense, given: QuantizeOptions): Operator {
  const operator = plannedQuantized(leaf.shape, leaf.type, specOf(leaf, given));
  return given.rounding === 'awq' ? scaled(operator, plannedDense([1, leaf.shape[1]!], leaf.type)) : operator;
}

/** Why these options do not work with this operator or opset. */
function unfit({ activations, rounding }: QuantizeOptions, { opset, op }: PlanContext): Skipped | undefined {
  const kind = kindOfOperator(op);
  // A row that is looked up is the output itself: no input combines its columns, so rounding to nearest is best.
  if (kind === 'gather' && rounding !== 'nearest')
    return {
      skipped: `is read by index: there is no input to round by, take rounding nearest in place of ${rounding}`,
    };
  if (activations === 'none') return undefined;
  if (kind !== 'product')
    return { skipped: `8-bit inputs are for MatMul and Gemm, and this is a ${op}: take activations none` };
  return opset < 11
    ? { skipped: `8-bit inputs need opset 11 (DynamicQuantizeLinear), and the model has ${opset}` }
    : undefined;
}

async function coded(
  leaf: Dense,
  values: Float32Array,
  given: QuantizeOptions,
  context: MethodContext,
  input: InputStatistics | undefined,
): Promise<Outcome> {
  const found = await fitted(leaf, values, given, leaf.type, context, input);
  // Scales that float16 holds too coarsely, or not at all, are stored in float32.
  const [form, type] =
    'coarse' in found && found.coarse
      ? [await fitted(leaf, values, given, 'float32', context, input), 'float32' as const]
      : [found, leaf.type];
  if ('skipped' in form) return form;
  const coded = quantizedOf(leaf.shape, type, form, { dynamic: specOf(leaf, given).dynamic ?? false });
  const { inverse } = form;
  return { operator: inverse ? scaled(coded, denseOf([1, leaf.shape[1]!], leaf.type, inverse)) : coded };
}

/** Codes with scales of `type`, and for AWQ the factors of the columns. */
async function fitted(
  leaf: Dense,
  values: Float32Array,
  given: QuantizeOptions,
  type: FloatType,
  context: MethodContext,
  input: InputStatistics | undefined,
): Promise<(FittedForm & { readonly inverse?: Float32Array<ArrayBuffer> }) | Skipped> {
  const [rows, columns] = matrixOf(leaf.shape);
  const { bits, blockSize, zeroPoints } = specOf(leaf, given);
  const grid: GridOptions = { bits, blockSize, symmetric: !zeroPoints, type };
  if (given.rounding === 'gptq') return gptq(values, rows, columns, grid, input!, context);
  if (given.rounding === 'nearest') return nearest(values, rows, columns, grid, context);
  const { backend } = context.factorisations;
  const sizes = [rows, columns, leaf.shape[1]!] as const;
  const { form, inverse } = await awq(backend, values, sizes, grid, input!, leaf.type, context);
  return { ...form, inverse };
}

/** LLM.int8(): columns with large inputs stay in floating point, so that they do not widen the range of the others. */
async function withOutliers(
  leaf: Dense,
  values: Float32Array,
  given: QuantizeOptions,
  context: MethodContext,
  input: InputStatistics,
): Promise<Outcome> {
  const { largest } = input;
  if (!largest) return { skipped: 'the largest inputs of this factor are not known: take activations dynamic' };
  const [rows, columns] = leaf.shape as [number, number];
  const all = [...largest.keys()];
  const [kept, rest] = [
    all.filter((j) => largest[j]! > given.threshold),
    all.filter((j) => !(largest[j]! > given.threshold)),
  ];
  if (kept.length === 0) return coded(leaf, values, given, context, input);
  if (rest.length === 0) return { skipped: `all of its ${columns} inputs exceed ${given.threshold}` };
  const part = (places: readonly number[]) =>
    denseOf([rows, places.length], leaf.type, columnsAt(values, rows, columns, places));
  const most = part(rest);
  const outcome = await coded(most, await most.toDense(), given, context, selected(input, rest));
  if ('skipped' in outcome) return outcome;
  return {
    operator: columnParts([
      { columns: columnsOf(rest), operator: outcome.operator },
      { columns: columnsOf(kept), operator: part(kept) },
    ]),
  };
}

/** Some of the columns of [rows, columns], side by side. */
function columnsAt(values: Float32Array, rows: number, columns: number, places: readonly number[]) {
  const held = new Float32Array(rows * places.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < places.length; j++) held[i * places.length + j] = values[i * columns + places[j]!]!;
  }
  return held;
}
