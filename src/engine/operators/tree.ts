import { type Dense, isDense, type Operator } from './operator';
import { type Multiply, product } from './product';
import type { InputStatistics } from './statistics';

/** The same tree with each dense leaf rewritten. `rewrite` gets the leaf and the statistics of its input. */
export async function rewriteLeaves(
  operator: Operator,
  rewrite: (leaf: Dense, input?: InputStatistics) => Promise<Operator>,
  input?: InputStatistics,
  multiply: Multiply = product,
): Promise<Operator> {
  if (isDense(operator)) return rewrite(operator, input);
  const children: Operator[] = [];
  for (const [i, child] of operator.children.entries()) {
    children.push(
      await rewriteLeaves(child, rewrite, input && (await operator.inputOf?.(i, input, multiply)), multiply),
    );
  }
  const next = changed(operator, children);
  return next.merging && next !== operator ? next.merging.fromValues() : next;
}

/** As `rewriteLeaves`, for rewriting that needs neither values nor statistics. */
export function mapLeaves(operator: Operator, rewrite: (leaf: Dense) => Operator): Operator {
  if (isDense(operator)) return rewrite(operator);
  const next = changed(
    operator,
    operator.children.map((child) => mapLeaves(child, rewrite)),
  );
  return next.merging && next !== operator ? next.merging.fromSizes() : next;
}

export function leavesOf(operator: Operator): Dense[] {
  return isDense(operator) ? [operator] : operator.children.flatMap(leavesOf);
}

export const hasEstimates = ({ estimated, children }: Operator): boolean =>
  estimated === true || children.some(hasEstimates);

/** Leaves without statistics: an operator above them cannot say what its children are applied to. */
export function unseenLeaves(operator: Operator): Dense[] {
  if (isDense(operator)) return [];
  return operator.children.flatMap(operator.inputOf ? unseenLeaves : leavesOf);
}

/** Why those leaves have no statistics, as the end of a sentence. */
export const noneReach = ({ form }: Operator): string =>
  `none reach what ${form} stores: take an option that looks at no data`;

const changed = (operator: Operator, children: readonly Operator[]): Operator =>
  children.some((child, i) => child !== operator.children[i]) ? operator.with(children) : operator;

/** How an operator's parts are stored, where it is not plain float32: " of 4-bit groups of 32". */
export function storedAs(parts: readonly Operator[]): string {
  const forms = [...new Set(parts.map(({ form }) => form))].filter((form) => form !== 'dense');
  return forms.length === 0 ? '' : ` of ${forms.join(' and ')}`;
}
