import { kindOfOperator } from '../../model/layerOperators/roles';
import { canWrite } from '../../operators/export/choice';
import { type Dense, matrixOf, type Operator } from '../../operators/operator';
import { percent } from '../../operators/percent';
import type { Quantisation } from '../../operators/quantized/quantized';
import type { PlanContext } from '../method';
import type { QuantizeOptions } from './options';

/**
 * ‖W−Ŵ‖/‖W‖ of normally distributed weights that are rounded to nearest: the range of a group grows as the root of the
 * logarithm of its size. Fitted to 10⁶ draws in groups of 16 to 1024: within 2 % at 8 and 4 bits, and 5 % at 2.
 */
export function normalRoundingLoss({ bits, zeroPoints }: Pick<Quantisation, 'bits' | 'zeroPoints'>, group: number) {
  const doublings = Math.log2(Math.max(4, group));
  return zeroPoints
    ? ((0.0423 * 15) / (2 ** bits - 1)) * Math.sqrt(doublings - 1.3)
    : ((0.0467 * 7) / (2 ** (bits - 1) - 1)) * Math.sqrt(doublings - 0.68);
}

/**
 * "Will it help here?" for quantize. Times were measured on WASM (SIMD, two threads) with a weight [4096, 1024]; bits
 * per byte on the blocks of the bundled language model (bench/results/quality.json).
 */
export function quantizeAdvice(
  leaf: Dense,
  { bits, rounding, activations, threshold }: QuantizeOptions,
  { spec, plan }: { readonly spec: Quantisation; readonly plan: Operator },
  { op }: PlanContext,
): string[] {
  const loss = normalRoundingLoss(spec, Math.min(spec.blockSize, matrixOf(leaf.shape)[1]));
  const sentences = [
    `Stores ${percent(plan.bytes / leaf.bytes)} of the bytes before this step; rounding to nearest loses some ${percent(loss)} of the norm of weights that are distributed normally.`,
  ];
  if (bits < 8 && rounding === 'nearest' && kindOfOperator(op) !== 'gather') {
    sentences.push(
      'With calibration data rounding by GPTQ errs less at the output: a language model that took 2.20 bits a byte took 2.31 at 2 bits in groups of 32, and 2.47 without it.',
    );
  }
  if (activations === 'none') {
    sentences.push(
      canWrite(plan, 'rows') && kindOfOperator(op) === 'product'
        ? 'Rebuilt on loading it is as fast and as large in memory as before; exported for memory it stays small, but WASM decodes it at every product: 1.4 times the time at 128 tokens, 13 times at 2.'
        : 'Rebuilt on loading, it is as fast and as large in memory as before: no runtime applies these codes as they are.',
    );
    return sentences;
  }
  sentences.push(
    'A product of 8-bit numbers takes WASM 0.44 of the time at 128 tokens, 0.67 at 16, and 3.5 times as long at 2; WebGPU has none, and sends inputs and outputs through the CPU.',
    activations === 'dynamic'
      ? 'Inputs share one range: a few large channels take it from the others. A language model that took 2.198 bits a byte took 2.199 in 8 bits but for outliers, and 2.204 without exceptions.'
      : `Channels whose inputs exceed ${threshold} on the calibration data stay as they are; each costs four bytes a weight.`,
  );
  return sentences;
}
