import { UserError } from '../core/errors';
import type { Goal } from './report';

/** The limits of a goal, before it is said what to make as small as possible. */
export type Limits = Omit<Goal, 'minimise'>;

/**
 * The goal of these limits: with a limit of the size, as little loss as possible; else, with a limit of the loss, the
 * smallest file. Throws a UserError where there is no limit, or one that nothing can keep.
 */
export function goalOf(limits: Limits): Goal {
  const sized = limits.maxBytes !== undefined || limits.maxSize !== undefined;
  return checkGoal({ ...limits, minimise: !sized && limits.maxLoss !== undefined ? 'size' : 'loss' });
}

/** Throws a UserError that names the limit at fault. */
export function checkGoal(goal: Goal): Goal {
  const { maxBytes, maxSize, maxLoss, maxLatency, minimise } = goal;
  if ([maxBytes, maxSize, maxLoss, maxLatency].every((limit) => limit === undefined))
    throw new UserError('The goal has no limit: give one for the size, the bytes, the loss or the latency.');
  if (maxBytes !== undefined && !(maxBytes >= 1 && Number.isFinite(maxBytes)))
    throw new UserError(`The bytes allowed must be a number of at least 1, not ${maxBytes}.`);
  if (maxSize !== undefined && !(maxSize > 0 && maxSize <= 1))
    throw new UserError(`The size allowed is a share of the original's bytes, above 0 and at most 1, not ${maxSize}.`);
  if (maxLoss !== undefined && !(maxLoss >= 0 && maxLoss <= 1))
    throw new UserError(`The loss allowed is a share, from 0 to 1 (.01 is one point), not ${maxLoss}.`);
  if (maxLatency !== undefined && !(maxLatency > 0 && maxLatency <= 10))
    throw new UserError(`The latency allowed is a share of the original's, above 0 and at most 10, not ${maxLatency}.`);
  if (minimise === 'loss' && maxBytes === undefined && maxSize === undefined && maxLatency === undefined)
    throw new UserError('The least loss without a limit of size or latency is the original: give such a limit.');
  return goal;
}

/** The most bytes that the written file may have; infinite where the goal does not limit them. */
export const byteLimit = ({ maxBytes, maxSize }: Limits, originalBytes: number): number =>
  Math.min(
    maxBytes ?? Number.POSITIVE_INFINITY,
    maxSize === undefined ? Number.POSITIVE_INFINITY : Math.floor(maxSize * originalBytes),
  );

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** Reads "4MB", "800 kB" or "123456" bytes. Throws a UserError where it is not written so. */
export function parseBytes(text: string): number {
  const [, number, unit] = /^\s*(\d+\.?\d*|\.\d+)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const factor = unit === undefined ? undefined : UNITS[unit.toLowerCase()];
  if (number === undefined || factor === undefined)
    throw new UserError(`"${text}" is no number of bytes: write it as in 4MB, 800kB or 123456.`);
  return Math.floor(Number(number) * factor);
}

/** Reads ".1" or "10%" as a share. Throws a UserError where it is not written so; `what` names the option. */
export function parseShare(text: string, what: string): number {
  const [, number, percent] = /^\s*(\d+\.?\d*|\.\d+)\s*(%?)\s*$/.exec(text) ?? [];
  if (number === undefined) throw new UserError(`${what} is a share, as in .1 or 10%, not "${text}".`);
  return percent ? Number(number) / 100 : Number(number);
}
