import type { PiecesOfWork } from '../core/pace';
import type { Factorisations } from '../methods/factorisations';
import type { AnyMethod } from '../methods/method';
import type { Layer } from '../model/layers';

/** Methods whose time goes into decompositions of the whole weight. */
const DECOMPOSING: ReadonlySet<string> = new Set(['svd', 'tensor-train', 'low-rank-plus-sparse']);

/**
 * Proportional to the arithmetic of a factorisation: the short side squared times the long one, once per unfolding of a
 * convolution [out, in, ...kernel] on its channels.
 */
export function factorisationCost(shape: readonly number[]): number {
  const [out = 1, inner = 1, ...kernel] = shape;
  const taps = kernel.reduce((product, size) => product * size, 1);
  const factor = (rows: number, columns: number) => Math.min(rows, columns) ** 2 * Math.max(rows, columns);
  return factor(out, inner * taps) + (taps > 1 ? factor(inner, out * taps) : 0);
}

/** What a step does to a layer, for an estimate of its time. A factorisation that is kept already costs next to nothing. */
export function workOf(
  layer: Layer,
  method: AnyMethod,
  options: unknown,
  factorisations: Factorisations,
): PiecesOfWork {
  const values = layer.shape.reduce((product, size) => product * size, 1);
  // With data it is the weight times what its inputs are like that is factorised: what is kept does not help.
  const withData = method.needsData?.(options) ?? false;
  if (method.name === 'svd' && !withData && factorisations.has(layer.id)) return { kind: 'svd, kept', cost: values };
  return {
    kind: `${method.name}${withData ? ', with data' : ''}`,
    cost: withData || DECOMPOSING.has(method.name) ? factorisationCost(layer.shape) : values,
  };
}
