import type { Dense, Operator } from '../operators/operator';
import type { Skipped } from './method';

/** The operator, or that storing the leaf as it would not make the file smaller: `nodes`, about what its nodes take, if counted. */
export const smaller = (operator: Operator, leaf: Dense, nodes = 0): Operator | Skipped =>
  operator.bytes + nodes < leaf.bytes
    ? operator
    : {
        skipped: `would not get smaller: ${operator.form} stores ${operator.bytes} bytes in place of ${leaf.bytes}${nodes > 0 ? `, and some ${nodes} of nodes` : ''}`,
      };
