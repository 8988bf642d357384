import { addedBytes, type Consumer } from '../operators/export/graphOverhead';
import { formWords } from '../operators/formWords';
import type { Dense, Operator } from '../operators/operator';
import { mapLeaves } from '../operators/tree';
import type { Skipped } from './method';

/**
 * The operator, or why a file with it in place of `before` would not be smaller: its nodes count as well as its values.
 */
export const smaller = (operator: Operator, before: Operator, consumer: Consumer): Operator | Skipped =>
  unless(addedBytes(operator, before, consumer), operator, before);

/** The same for one leaf of `tree`: the nodes of the whole tree count, and the mask of a sparse one. */
export const smallerLeaf = (operator: Operator, leaf: Dense, tree: Operator, consumer: Consumer): Operator | Skipped =>
  unless(addedByLeaf(operator, leaf, tree, consumer), operator, leaf);

/** How many bytes more a file has with `operator` in place of one leaf of `tree`. */
export const addedByLeaf = (operator: Operator, leaf: Dense, tree: Operator, consumer: Consumer): number =>
  addedBytes(
    mapLeaves(tree, (each) => (each === leaf ? operator : each)),
    tree,
    consumer,
  );

function unless(added: number, operator: Operator, before: Operator): Operator | Skipped {
  if (added < 0) return operator;
  const nodes = added - operator.bytes + before.bytes;
  const more = nodes > 0 ? `, and some ${nodes} for its nodes` : '';
  return {
    skipped: `would not get smaller: ${formWords(operator.form)} stores ${operator.bytes} bytes in place of ${before.bytes}${more}`,
  };
}
