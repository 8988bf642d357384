import { nodeRuntime } from '../../../runtime/node';
import { seeded } from '../../core/random';
import { createCpuBackend } from '../../cpu/backend';
import { gaussian } from '../../model/fixtures';
import { denseOf } from '../../operators/dense/dense';
import type { Dense, FloatType, Operator } from '../../operators/operator';
import { methodContext } from '../context.fixtures';
import { Factorisations } from '../factorisations';
import type { PruneOptions } from './options';
import { prune } from './prune';

export const backend = createCpuBackend(nodeRuntime());
export const factorisations = new Factorisations(backend);
export const random = seeded(31);

export const given = (options: object): PruneOptions => prune.options.parse(options);
export const leafOf = (shape: number[], values = gaussian(random, shape), type: FloatType = 'float32') =>
  denseOf(shape, type, values);
export const nonZero = (values: Float32Array) => values.reduce((sum, entry) => sum + Number(entry !== 0), 0);

export async function pruned(leaf: Dense, options: object, more: object = {}): Promise<Operator> {
  const outcome = await prune.apply(leaf, given(options), methodContext(factorisations, more));
  if ('skipped' in outcome) throw new Error(outcome.skipped);
  return outcome.operator;
}
