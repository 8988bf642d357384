import type { Backend } from '../backend/backend';
import type { LongCall } from '../core/progress';
import { Held } from './held';
import { orthonormalRows } from './qr';
import { powerOfTwoScale } from './scaling';
import { checkSites, interleaved, type SiteShape, separated } from './sites';
import { type MatrixWeight, svd } from './svd';
import { transpose } from './transpose';
import { type TruncationBudget, truncatedSvd } from './truncatedSvd';

/** The largest size of each bond (or of every bond), or the relative error ‖W−Ŵ‖/‖W‖ of all bonds together. */
export type BondBudget = { readonly ranks: number | readonly number[] } | { readonly error: number };

/** One site's core, row-major. */
export interface Core {
  readonly values: Float32Array<ArrayBuffer>;
  /** The first site's left bond and the last one's right bond are 1. */
  readonly shape: readonly [left: number, out: number, inner: number, right: number];
}

/** A matrix as a tensor train over pairs of indices (a matrix product operator). */
export interface TensorTrain {
  /** All cores but the last have orthonormal columns as `[left·out·in, right]`. The last one carries the weight's norm. */
  readonly cores: readonly Core[];
  /** For each bond, the sum of the squares of its dropped singular values. ‖W − Ŵ‖² is the sum over the bonds. */
  readonly discarded: readonly number[];
  /** ‖W‖² */
  readonly energy: number;
}

const LABEL = 'Bonds';

/**
 * TT-SVD: W `[rows, columns]` as W[j₁…j_d, i₁…i_d] ≈ Σ G₁[j₁, i₁, χ₁]·G₂[χ₁, j₂, i₂, χ₂] ⋯, one truncated SVD a bond.
 * The bonds' errors are orthogonal to one another, so that ‖W−Ŵ‖² is the sum of what they drop, at most d − 1 times the
 * best for these ranks. For an error ε, each bond may drop ε²‖W‖²/(d − 1). What a bond does not use goes to the next one.
 * A sum of χ Kronecker products is found with bonds of χ. A zero weight has bonds of 1 where an error is asked.
 *
 * Throws a RangeError for sites that do not multiply to the matrix and for a budget that makes no sense, a UserError for
 * NaN and infinite entries.
 */
export async function tensorTrain(
  backend: Backend,
  weight: MatrixWeight,
  sites: SiteShape,
  budget: BondBudget,
  { signal, onProgress }: LongCall = {},
): Promise<TensorTrain> {
  checkSites(weight.rows, weight.columns, sites);
  const bonds = sites.out.length - 1;
  checkBudget(budget, bonds);
  // A train of one site needs no SVD, which would check that the weight is finite.
  powerOfTwoScale(weight.values, weight.name);
  let rest = interleaved(weight.values, sites);
  const energy = squares(rest);
  const cores: Core[] = [];
  const discarded: number[] = [];
  let left = 1;
  let spare = 'error' in budget ? budget.error ** 2 * energy : 0;
  for (let bond = 0; bond < bonds; bond++) {
    const [out, inner] = [sites.out[bond], sites.in[bond]];
    const rows = left * out * inner;
    const columns = rest.length / rows;
    const whole = squares(rest);
    const allowed: TruncationBudget =
      'error' in budget
        ? { error: whole === 0 ? 1 : Math.min(1, Math.sqrt(spare / (bonds - bond) / whole)) }
        : { rank: Math.min(rows, columns, rankAt(budget.ranks, bond)) };
    const part = await cut(backend, { values: rest, rows, columns, name: weight.name }, allowed, {
      signal,
      onProgress: ({ done }) => onProgress?.({ done: bond + done, total: bonds, label: LABEL }),
    });
    const dropped = part.error ** 2 * whole;
    discarded.push(dropped);
    spare = Math.max(0, spare - dropped);
    cores.push({ values: part.left, shape: [left, out, inner, part.rank] });
    rest = part.right;
    left = part.rank;
  }
  cores.push({ values: rest, shape: [left, sites.out[bonds], sites.in[bonds], 1] });
  onProgress?.({ done: bonds, total: bonds, label: LABEL });
  return { cores, discarded, energy };
}

/** M `[rows, columns]` ≈ left·right with orthonormal columns in left. */
async function cut(backend: Backend, matrix: MatrixWeight, budget: TruncationBudget, call: LongCall) {
  const { values, vectors, images, transposed, scale, error } = await truncatedSvd(backend, matrix, budget, call);
  const rank = values.length;
  const { rows, columns } = matrix;
  if (!transposed) {
    return { left: transpose(vectors, rank, rows), right: images.map((value) => value / scale), rank, error };
  }
  // The long side is the left one. Its images divided by σ would lose orthogonality where σ is small, so they get a QR:
  // M = imagesᵀ·vectors = Qᵀ·(Lᵀ·vectors).
  const held = new Held(backend);
  try {
    const long = held.hold(backend.upload(images, rank, rows));
    const { q, lower } = await orthonormalRows(backend, long, call.signal);
    held.hold(q);
    const triangle = held.hold(backend.upload(new Float32Array(lower), rank, rank));
    const short = held.hold(backend.upload(vectors, rank, columns));
    const right = await backend.download(held.hold(await backend.multiply(triangle, short, { a: true })));
    const left = transpose(await backend.download(q), rank, rows);
    return { left, right: right.map((value) => value / scale), rank, error };
  } finally {
    held.freeAll();
  }
}

/**
 * The singular values of W across every cut between sites (its Schmidt values; d − 1 spectra), before any truncation.
 * Their decay shows which bonds suffice: e^S of `effectiveRank` is the effective bond dimension.
 */
export async function schmidtSpectra(
  backend: Backend,
  weight: MatrixWeight,
  sites: SiteShape,
  { signal, onProgress }: LongCall = {},
): Promise<Float64Array[]> {
  checkSites(weight.rows, weight.columns, sites);
  const values = interleaved(weight.values, sites);
  const total = sites.out.length - 1;
  const spectra: Float64Array[] = [];
  let rows = 1;
  for (let bond = 0; bond < total; bond++) {
    rows *= sites.out[bond] * sites.in[bond];
    const across = { values, rows, columns: values.length / rows, name: weight.name };
    const found = await svd(backend, across, {
      count: 0,
      signal,
      onProgress: ({ done }) => onProgress?.({ done: bond + done, total, label: LABEL }),
    });
    spectra.push(found.values);
  }
  return spectra;
}

/** The matrix that a train represents, `[rows, columns]`. */
export async function contract(backend: Backend, { cores }: Pick<TensorTrain, 'cores'>): Promise<Float32Array> {
  const held = new Held(backend);
  try {
    const [first, ...others] = cores;
    let width = first.shape[3];
    let product = held.hold(backend.upload(first.values, first.values.length / width, width));
    for (const { values, shape } of others) {
      const core = held.hold(backend.upload(values, shape[0], values.length / shape[0]));
      const next = held.hold(await backend.multiply(product, core));
      const entries = await backend.download(next);
      held.free(product, core, next);
      width = shape[3];
      // `[…, out·in·right]` is read as `[…·out·in, right]`, which the layout already is.
      product = held.hold(backend.upload(entries, entries.length / width, width));
    }
    const sites = { out: cores.map(({ shape }) => shape[1]), in: cores.map(({ shape }) => shape[2]) };
    return separated(await backend.download(product), sites);
  } finally {
    held.freeAll();
  }
}

/** Σ χ_{k−1}·J_k·I_k·χ_k: the numbers that a train stores. */
export const trainParameters = ({ cores }: Pick<TensorTrain, 'cores'>): number =>
  cores.reduce((sum, { values }) => sum + values.length, 0);

const rankAt = (ranks: number | readonly number[], bond: number): number =>
  typeof ranks === 'number' ? ranks : ranks[bond];

function checkBudget(budget: BondBudget, bonds: number): void {
  if ('error' in budget) {
    if (!(budget.error > 0 && budget.error <= 1)) throw new RangeError(`No error of ${budget.error} can be asked.`);
    return;
  }
  const { ranks } = budget;
  if (typeof ranks !== 'number' && ranks.length !== bonds) {
    throw new RangeError(`A train of ${bonds + 1} sites has ${bonds} bonds, not ${ranks.length}.`);
  }
  for (let bond = 0; bond < bonds; bond++) {
    const rank = rankAt(ranks, bond);
    if (!Number.isInteger(rank) || rank < 1) throw new RangeError(`A bond has a rank of at least 1, not ${rank}.`);
  }
}

function squares(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum;
}
