import type { Goal, SearchSettings } from '../../engine/page/light';

/** What the line says at first. */
export const FIRST_GOAL: Goal = { minimise: 'size', maxLoss: 0.01 };
export const FIRST_SETTINGS: SearchSettings = { minutes: 5 };

/** What a goal can limit. */
export type Limited = Goal['minimise'];

/** The limit that a goal has at least one of, where nothing else is limited. */
const FIRST_LIMITS = {
  loss: { maxLoss: 0.01 },
  size: { maxSize: 0.1 },
  latency: { maxLatency: 0.5 },
} as const satisfies Record<Limited, Partial<Goal>>;

const KEYS: Record<Limited, readonly (keyof Goal)[]> = {
  loss: ['maxLoss'],
  size: ['maxSize', 'maxBytes'],
  latency: ['maxLatency'],
};

/** In the order in which the line says them. */
const ORDER: readonly Limited[] = ['loss', 'size', 'latency'];

const has = (goal: Goal, what: Limited): boolean => KEYS[what].some((key) => goal[key] !== undefined);

export const limitsOf = (goal: Goal): readonly Limited[] => ORDER.filter((what) => has(goal, what));

/** What can be limited besides: not what is made as small as possible already. */
export const otherLimits = (goal: Goal): readonly Limited[] =>
  ORDER.filter((what) => what !== goal.minimise && !has(goal, what));

export const withLimit = (goal: Goal, what: Limited): Goal => ({ ...withoutLimit(goal, what), ...FIRST_LIMITS[what] });

export function withoutLimit(goal: Goal, what: Limited): Goal {
  const gone: ReadonlySet<string> = new Set(KEYS[what]);
  return Object.fromEntries(Object.entries(goal).filter(([key]) => !gone.has(key))) as unknown as Goal;
}

/** The goal with something else as small as possible. Without any limit, nothing would be the best answer. */
export function minimising(goal: Goal, minimise: Limited): Goal {
  const next = { ...withoutLimit(goal, minimise), minimise };
  if (limitsOf(next).length > 0) return next;
  return withLimit(next, minimise === 'loss' ? 'size' : 'loss');
}

/** A limit as the user reads and types it. */
export interface LimitField {
  /** Before and after the number. */
  readonly words: readonly [before: string, after: string];
  readonly value: number;
  /** The numbers that the slider takes, in order. */
  readonly stops: readonly number[];
  readonly most: number;
  /** Zero is allowed for losses alone. */
  readonly mayBeZero: boolean;
  given(value: number): Goal;
}

/** `originalBytes`: of the open model. */
export function fieldOf(goal: Goal, what: Limited, originalBytes: number): LimitField {
  if (what === 'loss') {
    const value = tidy(100 * (goal.maxLoss ?? 0));
    return {
      words: ['lose at most', value === 1 ? 'point' : 'points'],
      value,
      stops: [0, 0.1, 0.2, 0.5, 1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20],
      most: 100,
      mayBeZero: true,
      given: (points) => ({ ...goal, maxLoss: tidy(points / 100) }),
    };
  }
  if (what === 'latency') {
    return {
      words: ['at most', '% of the latency'],
      value: tidy(100 * (goal.maxLatency ?? 1)),
      stops: [10, 20, 25, 30, 40, 50, 60, 70, 80, 90, 100],
      most: 100,
      mayBeZero: false,
      given: (percent) => ({ ...goal, maxLatency: tidy(percent / 100) }),
    };
  }
  const shares = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100];
  if (goal.maxBytes !== undefined) {
    const unit = byteUnit(originalBytes);
    return {
      words: ['at most', unit.name],
      value: tidy(goal.maxBytes / unit.bytes),
      stops: shares.map((percent) => +((percent / 100) * (originalBytes / unit.bytes)).toPrecision(2)),
      most: tidy(originalBytes / unit.bytes),
      mayBeZero: false,
      given: (amount) => ({ ...goal, maxBytes: Math.round(amount * unit.bytes) }),
    };
  }
  return {
    words: ['at most', '% of the bytes'],
    value: tidy(100 * (goal.maxSize ?? 1)),
    stops: shares,
    most: 100,
    mayBeZero: false,
    given: (percent) => ({ ...goal, maxSize: tidy(percent / 100) }),
  };
}

/** The same limit of the size, in the other unit. */
export function inOtherUnit(goal: Goal, originalBytes: number): Goal {
  const { maxBytes, maxSize, ...rest } = goal;
  if (maxBytes !== undefined) return { ...rest, maxSize: tidy(Math.min(1, maxBytes / originalBytes), 3) };
  return { ...rest, maxBytes: +((maxSize ?? 1) * originalBytes).toPrecision(3) };
}

/** The name of the unit that sizes of the open model are typed in. */
export function byteUnit(originalBytes: number): { readonly name: string; readonly bytes: number } {
  if (originalBytes >= 2e9) return { name: 'GB', bytes: 1e9 };
  return originalBytes >= 2e6 ? { name: 'MB', bytes: 1e6 } : { name: 'kB', bytes: 1e3 };
}

const tidy = (value: number, digits = 6): number => +value.toPrecision(digits);
