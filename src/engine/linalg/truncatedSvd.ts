import type { Backend } from '../backend/backend';
import { type LongCall, Pacer } from '../core/progress';
import { seeded } from '../core/random';
import { filtered } from './chebyshev';
import { checkRank, type Triplets } from './factors';
import { Held } from './held';
import { arranged } from './principalAxes';
import { residual } from './residual';
import { type Ritz, rayleighRitz } from './ritz';
import { powerOfTwoScale, scaled } from './scaling';
import { type Sided, toLong } from './sided';
import { rankForError } from './spectrum';
import { extendedSubspace, randomSubspace } from './subspace';
import { type MatrixWeight, svd } from './svd';

/** A rank, or a relative error ‖W−Ŵ‖/‖W‖, for which the smallest sufficient rank is found. */
export type TruncationBudget = { readonly rank: number } | { readonly error: number };

export interface TruncatedSvd extends Triplets {
  /** The measured error ‖W−Ŵ‖/‖W‖ of the truncated matrix. */
  readonly error: number;
}

/** The iteration stops when a further step would gain less energy than this, relative to the dropped energy: a quarter of
 * 1.0005² − 1. */
const WORTHLESS = 2.5e-4;
/** The relative rounding error of a squared Ritz value in float32. */
const ROUNDING = 1e-6;
/** The most steps. Two or three are usual; with more, the whole decomposition is cheaper. */
const MOST_PROJECTIONS = 12;
/** Squared norms in float32 cannot resolve smaller errors. */
const SMALLEST_ERROR = 3e-3;
const FIRST_BLOCK = 64;

/** Rows of the block for `rank`. Convergence needs a gap behind the last wanted value. */
const blockFor = (rank: number): number => 32 * Math.ceil((rank + Math.max(16, rank / 2)) / 32);

/** Whether the leading `rank` triplets alone are cheaper than the whole spectrum, whose eigenproblem is cubic. */
export const truncationPays = (rows: number, columns: number, rank: number): boolean =>
  2 * blockFor(rank) <= Math.min(rows, columns);

/**
 * The leading part of the singular value decomposition, by subspace iteration on the short side, accelerated by
 * Chebyshev polynomials: on a flat spectrum, where plain iterations converge slowly, it needs only the square root of their number.
 * Memory beside the weight: a few blocks of 1.5·rank vectors.
 *
 * It stops when the next steps would gain at most 2.5e−4 of the dropped energy, extrapolated from the last steps: the error is at most 1.0005 times the best of its rank, + 3e−7·√min(rows, columns). Seeded.
 *
 * Where the rank is too large for that to be cheaper, or an error needs such a rank, it takes the whole decomposition. Throws a RangeError for a rank that the matrix doesn't have or an error outside of (0, 1], and a
 * UserError where the weight has NaN or infinite entries.
 */
export async function truncatedSvd(
  backend: Backend,
  weight: MatrixWeight,
  budget: TruncationBudget,
  call: LongCall & { readonly seed?: number } = {},
): Promise<TruncatedSvd> {
  const { rows, columns } = weight;
  if ('rank' in budget) checkRank(rows, columns, budget.rank);
  else if (!(budget.error > 0 && budget.error <= 1)) throw new RangeError(`No error of ${budget.error} can be asked.`);
  const scale = powerOfTwoScale(weight.values, weight.name);
  const values = scaled(weight.values, scale);
  const held = new Held(backend);
  try {
    const sided = { weight: held.hold(backend.upload(values, rows, columns)), transposed: rows > columns };
    const found = await leading(backend, sided, values, budget, call);
    const { basis, product, norms } = found ?? (await whole(backend, { ...weight, values }, sided, budget, call));
    const triplets = { values: norms, vectors: basis, images: product, transposed: sided.transposed, scale };
    const error = await residual(backend, values, triplets, new Pacer(call.signal));
    call.onProgress?.({ done: 1, total: 1, label: LABEL });
    return { ...triplets, values: norms.map((norm) => norm / scale), error };
  } finally {
    held.freeAll();
  }
}

const LABEL = 'Singular vectors';

async function leading(
  backend: Backend,
  sided: Sided,
  values: Float32Array,
  budget: TruncationBudget,
  { signal, onProgress, seed = 1 }: LongCall & { readonly seed?: number },
) {
  const { rows, columns } = sided.weight;
  const short = Math.min(rows, columns);
  let block = 'rank' in budget ? blockFor(budget.rank) : FIRST_BLOCK;
  if (2 * block > short || ('error' in budget && budget.error < SMALLEST_ERROR)) return undefined;
  const random = seeded(seed);
  const total = energy(values);
  const goal = { budget, total };
  let ritz: Ritz | undefined;
  const held = new Held(backend);
  try {
    let x = held.hold(await randomSubspace(backend, sided, block, random, signal));
    let growthBefore: number | undefined;
    for (let projection = 0; projection < MOST_PROJECTIONS; projection++) {
      const next = await rayleighRitz(backend, sided, x, signal);
      held.free(x);
      held.hold(next.vectors);
      held.hold(next.images);
      const before = ritz;
      if (before) held.free(before.vectors, before.images);
      ritz = next;
      signal?.throwIfAborted();
      onProgress?.({ done: 1 - 2 ** -(projection + 1), total: 1, label: LABEL });
      const kept = keptRank(goal, next.values);
      if (before?.values.length === block) {
        const { growth, dropped } = compared(before.values, next.values, total, kept ?? block);
        // Later steps gain like a geometric series; without a ratio yet, half each time.
        const ratio = Math.min(0.9, growthBefore === undefined ? 0.5 : growth / growthBefore);
        const expected = growth === 0 ? 0 : (growth * ratio) / (1 - ratio);
        growthBefore = growth;
        if (expected <= WORTHLESS * dropped) {
          if (kept !== undefined && blockFor(kept) <= block) return await taken(next, kept);
          block *= 2;
          if (2 * block > short) return undefined;
          x = held.hold(await extendedSubspace(backend, sided, next.vectors, block, random, signal));
          growthBefore = undefined;
          continue;
        }
      }
      x = held.hold(await filtered(backend, sided, next, signal));
    }
    return undefined;
  } finally {
    held.freeAll();
  }

  async function taken(from: Ritz, rank: number) {
    const basis = (await backend.download(from.vectors)).slice(0, rank * short);
    const product = (await backend.download(from.images)).slice(0, rank * from.images.columns);
    return arranged(basis, product, from.values.slice(0, rank));
  }
}

/** How much the leading values have grown by more than their rounding error, and the least energy that is dropped. */
function compared(before: Float64Array, after: Float64Array, total: number, rank: number) {
  let growth = 0;
  for (let i = 0; i < rank; i++) growth += Math.max(0, after[i] ** 2 * (1 - ROUNDING) - before[i] ** 2);
  // The difference of two nearly equal energies is rounding error; the energy of the block's values beyond the rank is not.
  const dropped = Math.max(total - energy(after.subarray(0, rank)), energy(after.subarray(rank)));
  return { growth, dropped };
}

/** The rank that meets the budget; undefined where the block is too small for it. */
function keptRank(goal: { budget: TruncationBudget; total: number }, values: Float64Array): number | undefined {
  if ('rank' in goal.budget) return goal.budget.rank;
  let rest = goal.total;
  const limit = goal.budget.error ** 2 * goal.total;
  for (let rank = 1; rank <= values.length; rank++) {
    rest -= values[rank - 1] ** 2;
    if (rest <= limit) return rank;
  }
  return undefined;
}

function energy(values: Float32Array | Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum;
}

/** From the whole decomposition of the scaled weight. */
async function whole(backend: Backend, weight: MatrixWeight, sided: Sided, budget: TruncationBudget, call: LongCall) {
  const count = (sigma: Float64Array) => ('rank' in budget ? budget.rank : rankForError(sigma, budget.error));
  const { values, basis } = await svd(backend, weight, { ...call, count });
  const short = values.length;
  const rank = count(values);
  const held = new Held(backend);
  try {
    const leading = basis.slice(0, rank * short);
    const vectors = held.hold(backend.upload(leading, rank, short));
    const product = await backend.download(held.hold(await toLong(backend, sided, vectors)));
    return { basis: leading, product, norms: values.slice(0, rank) };
  } finally {
    held.freeAll();
  }
}
