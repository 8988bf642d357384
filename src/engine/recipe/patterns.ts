import type { Layer } from '../model/layers';
import { fitsPattern } from './glob';

/**
 * Patterns of a recipe: the name of a node or of a weight in which `*` stands for any run of characters, or `op:Gemm` for
 * all layers of an operator.
 */
export function matchesLayer(pattern: string): (layer: Layer) => boolean {
  const { byOperator, fits } = parsed(pattern);
  if (byOperator) return ({ uses }) => uses.some(({ node }) => fits(node.opType));
  return ({ name, weight, uses }) =>
    fits(name) || fits(weight) || uses.some(({ node }) => node.name !== '' && fits(node.name));
}

/**
 * A pattern that selects this layer and no other one: its name, its weight's, or that of a node. Undefined where each of
 * them selects another one too.
 */
export function ownPattern(layer: Layer, layers: readonly Layer[]): string | undefined {
  const names = [layer.name, layer.weight, ...layer.uses.map(({ node }) => node.name)];
  return names.find((name) => name !== '' && layers.filter(matchesLayer(name)).length === 1);
}

/** A weight as patterns see it that is no layer. */
export interface NamedWeight {
  readonly id: string;
  readonly name: string;
  readonly op: string;
}

/** The same for a weight that was compressed before, of which no layer is left. */
export function matchesCompressed(pattern: string): (weight: NamedWeight) => boolean {
  const { byOperator, fits } = parsed(pattern);
  return ({ id, name, op }) => (byOperator ? fits(op) : fits(name) || fits(id));
}

function parsed(pattern: string) {
  const byOperator = pattern.startsWith('op:');
  const text = byOperator ? pattern.slice(3) : pattern;
  return { byOperator, fits: (name: string) => fitsPattern(text, name) };
}
