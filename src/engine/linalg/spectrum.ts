/**
 * The error of truncation at every rank, from singular values alone. The methods use it to truncate, and the page's sliders
 * to show the error beforehand. Errors are relative and in the Frobenius norm, ‖W − Ŵ‖/‖W‖; singular
 * values fall and may be in any unit.
 */

/** How far a sum of squares may exceed its limit: 0.1² + 0.3² is not exactly 0.1 in floating point. */
const SLACK = 1 + 1e-12;

/**
 * e^S with S = −Σ p·ln p, p = σ²/Σσ²: the effective number of directions of a weight. 1 for a rank-one matrix, k for k equal
 * singular values, 0 for a zero matrix.
 */
export function effectiveRank(values: ArrayLike<number>): number {
  const total = energyFrom(values, 0);
  if (total === 0) return 0;
  let entropy = 0;
  for (let i = 0; i < values.length; i++) {
    const p = (values[i] * values[i]) / total;
    if (p > 0) entropy -= p * Math.log(p);
  }
  return Math.exp(entropy);
}

/**
 * Error of the best rank-`rank` approximation (Eckart–Young): √(Σ_{i≥rank} σ²/Σσ²). The dropped squares are summed,
 * smallest first. Subtracting the kept squares from the total would lose errors below 1e−8.
 */
export function truncationError(values: ArrayLike<number>, rank: number): number {
  const total = energyFrom(values, 0);
  return total === 0 ? 0 : Math.sqrt(energyFrom(values, rank) / total);
}

/** The smallest rank ≥ 1 whose error is at most `error`. */
export function rankForError(values: ArrayLike<number>, error: number): number {
  return rankForDropped(values, error * error);
}

/** The smallest rank ≥ 1 that keeps the share `energy` (0…1) of Σσ². */
export function rankForEnergy(values: ArrayLike<number>, energy: number): number {
  return rankForDropped(values, 1 - energy);
}

/** The rank at which two factors of an `[m, n]` matrix have `size` times its parameters: max(1, ⌊size·mn/(m+n)⌋). */
export function rankForSize(m: number, n: number, size: number): number {
  return Math.max(1, Math.floor((size * m * n) / (m + n)));
}

/** Below this rank (a fraction: mn/(m+n)) two factors are smaller, and need fewer multiplications, than the matrix. */
export function breakEvenRank(m: number, n: number): number {
  return (m * n) / (m + n);
}

function energyFrom(values: ArrayLike<number>, from: number): number {
  let sum = 0;
  for (let i = values.length - 1; i >= from; i--) sum += values[i] * values[i];
  return sum;
}

function rankForDropped(values: ArrayLike<number>, share: number): number {
  const limit = share * energyFrom(values, 0) * SLACK;
  let dropped = 0;
  for (let rank = values.length; rank > 1; rank--) {
    dropped += values[rank - 1] * values[rank - 1];
    if (dropped > limit) return rank;
  }
  return 1;
}

/** What sliders need of a higher-order SVD's core. */
export interface TuckerEnergies {
  /** Singular values of the unfoldings; one for each output and input channel. */
  readonly outValues: ArrayLike<number>;
  readonly inValues: ArrayLike<number>;
  /** `[out + 1, in + 1]`: energy of the core's leading (rOut, rIn) block; the last entry is ‖W‖². */
  readonly energy: ArrayLike<number>;
}

export interface TuckerRanks {
  readonly rOut: number;
  readonly rIn: number;
}

/** Parameters of a 1×1 to rIn channels, a kernel of `taps` entries to rOut channels, and a 1×1 to `out` channels. */
export function tuckerParameters(out: number, inner: number, taps: number, { rOut, rIn }: TuckerRanks): number {
  return inner * rIn + rIn * rOut * taps + rOut * out;
}

/** Error of keeping the leading (rOut, rIn) block: exact, because the factors are orthogonal. Resolves 2e−8. */
export function tuckerError({ inValues, energy }: TuckerEnergies, rOut: number, rIn: number): number {
  const total = energy[energy.length - 1];
  if (total === 0) return 0;
  return Math.sqrt(Math.max(0, 1 - energy[rOut * (inValues.length + 1) + rIn] / total));
}

/**
 * The ranks with the fewest parameters among those whose error is at most `error`. For growing rOut the smallest
 * sufficient rIn only falls, so one walk along that edge sees every candidate.
 */
export function tuckerRanksForError(energies: TuckerEnergies, taps: number, error: number): TuckerRanks {
  const out = energies.outValues.length;
  const inner = energies.inValues.length;
  const within = (rOut: number, rIn: number) => tuckerError(energies, rOut, rIn) <= error * SLACK;
  let best: TuckerRanks = { rOut: out, rIn: inner };
  let fewest = Number.POSITIVE_INFINITY;
  let rIn = inner;
  for (let rOut = 1; rOut <= out; rOut++) {
    if (!within(rOut, rIn)) continue;
    while (rIn > 1 && within(rOut, rIn - 1)) rIn--;
    const parameters = tuckerParameters(out, inner, taps, { rOut, rIn });
    if (parameters < fewest) {
      fewest = parameters;
      best = { rOut, rIn };
    }
  }
  return best;
}

/** The ranks with the fewest parameters that keep the share `energy` (0…1) of ‖W‖². */
export function tuckerRanksForEnergy(energies: TuckerEnergies, taps: number, energy: number): TuckerRanks {
  return tuckerRanksForError(energies, taps, Math.sqrt(1 - energy));
}

/**
 * The same share s of both channel counts, rOut = max(1, ⌊s·out⌋) and rIn = max(1, ⌊s·in⌋), for the largest s ≤ 1 whose
 * parameters are at most `size` times the dense ones; (1, 1) where none is small enough.
 */
export function tuckerRanksForSize(out: number, inner: number, taps: number, size: number): TuckerRanks {
  const limit = size * out * inner * taps;
  let ranks: TuckerRanks = { rOut: 1, rIn: 1 };
  while (ranks.rOut < out || ranks.rIn < inner) {
    // The smaller of the shares (rOut+1)/out and (rIn+1)/in, compared in whole numbers.
    const forOut = ranks.rOut < out ? (ranks.rOut + 1) * inner : Number.POSITIVE_INFINITY;
    const forIn = ranks.rIn < inner ? (ranks.rIn + 1) * out : Number.POSITIVE_INFINITY;
    const next = {
      rOut: ranks.rOut + Number(forOut <= forIn),
      rIn: ranks.rIn + Number(forIn <= forOut),
    };
    if (tuckerParameters(out, inner, taps, next) > limit) break;
    ranks = next;
  }
  return ranks;
}

/** `rank` on both sides, but at most the number of channels. */
export function tuckerRanksForRank(out: number, inner: number, rank: number): TuckerRanks {
  return { rOut: Math.min(out, rank), rIn: Math.min(inner, rank) };
}
