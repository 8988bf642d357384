import { z } from 'zod';
import { relativeDistance } from '../../linalg/distance';
import { denseOf, HALF_ROUNDING, plannedDense } from '../../operators/dense/dense';
import type { Dense } from '../../operators/operator';
import { percent } from '../../operators/percent';
import type { Method, Skipped } from '../method';

const options = z.strictObject({});

/** From 65520 on a number rounds to infinity in float16. */
const LARGEST = 65520;
/**
 * Fifty times the rounding error in float16's normal range. Smaller weights lose digits first, and then all of them.
 */
const MOST = 0.01;

/**
 * Stores a weight as float16, which rounds it by `HALF_ROUNDING` of its norm. In a model that computes in float32 a
 * Cast restores the weight, and the runtime folds the Cast when it loads: the file halves, memory and time stay the
 * same.
 */
export const half: Method<z.infer<typeof options>> = {
  name: 'half',
  title: 'Half precision',
  summary:
    'Stores each number in 16 bits in place of 32; where the model computes in float32 it is cast back on loading.',
  paper: 'IEEE 754-2008, binary16',
  options,
  plan: (leaf) => already(leaf) ?? plannedDense(leaf.shape, 'float16'),
  async apply(leaf) {
    const skip = already(leaf);
    if (skip) return skip;
    const values = await leaf.toDense();
    const beyond = values.findIndex((value) => Math.abs(value) >= LARGEST);
    if (beyond >= 0) {
      return { skipped: `holds ${values[beyond]} at element ${beyond}, and float16 ends at 65504` };
    }
    const operator = denseOf(leaf.shape, 'float16', values);
    const error = relativeDistance(values, await operator.toDense(), values);
    if (error > MOST) {
      return { skipped: `float16 would change it by ${percent(error)} of its norm: its weights are too small for it` };
    }
    return { operator };
  },
  predict: () => HALF_ROUNDING,
  advice(leaf) {
    if (already(leaf)) return ['It is stored as float16 already: this step changes nothing.'];
    return [
      "Half of the bytes, for a rounding of about 0.02 % of the weight's norm.",
      'Saves storage, not time: the model computes in float32 and casts the weight when it loads.',
    ];
  },
};

const already = ({ type }: Dense): Skipped | undefined =>
  type === 'float16' ? { skipped: 'is stored as float16 already' } : undefined;
