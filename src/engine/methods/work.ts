import type { PiecesOfWork } from '../core/pace';
import type { Layer } from '../model/layers';
import { elements } from '../operators/operator';
import type { Factorisations } from './factorisations';
import type { AnyMethod } from './method';

/**
 * Proportional to the arithmetic of a factorisation: the short side squared times the long side, once for each channel
 * unfolding of a convolution [out, in, ...kernel].
 */
export function factorisationCost(shape: readonly number[]): number {
  const [out = 1, inner = 1, ...kernel] = shape;
  const taps = elements(kernel);
  const factor = (rows: number, columns: number) => Math.min(rows, columns) ** 2 * Math.max(rows, columns);
  return factor(out, inner * taps) + (taps > 1 ? factor(inner, out * taps) : 0);
}

/** The work of a step on a layer, for an estimate of its time. */
export function workOf(
  { id, shape }: Pick<Layer, 'id' | 'shape'>,
  method: AnyMethod,
  options: unknown,
  factorisations: Factorisations,
): PiecesOfWork {
  // Statistics of the inputs are a matrix as wide as the weight: to factorise it, or to multiply by it, takes about as
  // long.
  if (method.needsData?.(options)) return { kind: `${method.name}, with data`, cost: factorisationCost(shape) };
  return method.work?.({ id, shape }, options, factorisations) ?? { kind: method.name, cost: elements(shape) };
}
