import type { Operator } from '../../operators/operator';
import type { MissedSize } from '../report';

/** Budgets count the values of a form; bytes beyond this share of the size asked for are more than rounding. */
const ROUNDING = 1.01;

/** The size that a step was asked for and the one that it reached, where that is larger. */
export function missedSize(before: Operator, after: Operator | undefined, options: unknown): MissedSize | undefined {
  const { size } = options as { size?: number };
  if (size === undefined || !after || after === before || after.bytes <= ROUNDING * size * before.bytes)
    return undefined;
  return { asked: size, reached: after.bytes / before.bytes };
}
