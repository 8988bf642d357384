import { z } from 'zod';
import type { Dense, Operator } from '../operators/operator';
import { asMatrix, plannedQuantized, quantizedOf } from '../operators/quantized';
import type { Method, Skipped } from './method';
import { choice, toggle } from './options';
import { nearest } from './quantization/nearest';

const options = z.strictObject({
  bits: choice([8, 4, 2], { title: 'Bits', help: 'bits of a code' }).default(4),
  groupSize: choice([0, 16, 32, 64, 128, 256], {
    title: 'Group',
    help: 'weights of a row that share a scale; 0: the whole row',
    labels: { 0: 'Whole row' },
  }).default(32),
  symmetric: toggle({
    title: 'Symmetric',
    help: 'codes around zero, without zero points; by default at 8 bits only',
  }).optional(),
});

export type QuantizeOptions = z.infer<typeof options>;

/**
 * Stores weights as whole numbers of 8, 4 or 2 bits with a scale for each group of a row (and a zero point, where ranges
 * are lopsided: that spends a code fewer on what does not occur, which counts at 4 and 2 bits and is nothing at 8).
 */
export const quantize: Method<QuantizeOptions> = {
  name: 'quantize',
  title: 'Quantisation',
  summary: 'Stores each weight as a code of 8, 4 or 2 bits, with a scale for each group of them.',
  paper: 'Dettmers & Zettlemoyer 2023 (arXiv:2212.09720)',
  options,
  plan: (leaf, given) => smaller(plannedQuantized(leaf.shape, leaf.type, specOf(leaf, given)), leaf),
  async apply(leaf, given, context) {
    const planned = smaller(plannedQuantized(leaf.shape, leaf.type, specOf(leaf, given)), leaf);
    if ('skipped' in planned) return planned;
    const [rows, columns] = asMatrix(leaf.shape);
    const spec = specOf(leaf, given);
    const grid = { ...spec, symmetric: !spec.zeroPoints, type: leaf.type };
    const { selection } = context.factorisations.backend;
    const form = await nearest(await leaf.toDense(), rows, columns, grid, selection, context);
    return { operator: quantizedOf(leaf.shape, leaf.type, form) };
  },
};

function specOf(leaf: Dense, { bits, groupSize, symmetric = bits === 8 }: QuantizeOptions) {
  return { bits, blockSize: blockSizeOf(leaf, groupSize), zeroPoints: !symmetric };
}

/**
 * Blocks of the layout, whose last is padded. A row that one group covers gets one block: of a size that MatMulNBits
 * takes where the weight is a matrix, else just long enough for whole bytes.
 */
function blockSizeOf({ shape }: Dense, groupSize: number): number {
  const [, columns] = asMatrix(shape);
  if (groupSize > 0 && columns > groupSize) return groupSize;
  const power = Math.max(16, 2 ** Math.ceil(Math.log2(columns)));
  return shape.length === 2 && power <= 256 && power < 1.1 * columns ? power : 4 * Math.ceil(columns / 4);
}

const smaller = (operator: Operator, leaf: Dense): Operator | Skipped =>
  operator.bytes < leaf.bytes
    ? operator
    : { skipped: `would not get smaller: ${operator.form} stores ${operator.bytes} bytes in place of ${leaf.bytes}` };
