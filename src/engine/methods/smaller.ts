import { nodeBytes } from '../operators/nodeBytes';
import type { Dense, Operator } from '../operators/operator';
import type { PlanContext, Skipped } from './method';

/** No form of a weight takes nodes of more bytes than this: what saves more needs no count of them. */
const MOST_NODES = 16384;

/** The operator, or that a file with it in place of `before` would not be smaller: nodes count as well as what is stored. */
export function smaller(
  operator: Operator,
  before: Operator,
  consumer: Pick<PlanContext, 'op' | 'opset'>,
): Operator | Skipped {
  if (operator.bytes + MOST_NODES < before.bytes) return operator;
  const nodes = nodeBytes(operator, consumer) - nodeBytes(before, consumer);
  if (operator.bytes + nodes < before.bytes) return operator;
  const more = nodes > 0 ? `, and some ${nodes} of nodes` : '';
  return {
    skipped: `would not get smaller: ${operator.form} stores ${operator.bytes} bytes in place of ${before.bytes}${more}`,
  };
}

/** The same of a leaf; `masked`: those that are values of a sparse weight, with which they have one mask and its nodes. */
export const smallerLeaf = (
  operator: Operator,
  leaf: Dense,
  consumer: Pick<PlanContext, 'op' | 'opset'>,
  masked: ReadonlySet<Dense>,
): Operator | Skipped =>
  masked.has(leaf) && operator.kind === 'sparse' && operator.bytes < leaf.bytes
    ? operator
    : smaller(operator, leaf, consumer);
