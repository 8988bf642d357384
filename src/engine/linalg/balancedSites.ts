import type { SiteShape } from './sites';

/**
 * Sites for a `[rows, columns]` matrix: `count` near-balanced factors of each side, or of the next larger number where a
 * side has awkward prime factors (509 becomes 8·8·8 = 512, not 1·1·509). What a train stores goes with its factors, not
 * with the side, so that padding itself stores nothing; but it takes part in every product. The best side minimises
 * (sum of factors)·(padded/side)².
 *
 * The largest factors go to the ends, whose cores have one bond and not two, and a large factor of the rows meets a
 * small one of the columns.
 */
export function balancedSites(rows: number, columns: number, count: number): SiteShape {
  const place = (sorted: readonly number[], turned: boolean): number[] => {
    const [last, first, ...middle] = sorted.toReversed() as [number, number, ...number[]];
    return turned ? [last, ...middle, first] : [first, ...middle.toReversed(), last];
  };
  return { out: place(balancedFactors(rows, count), false), in: place(balancedFactors(columns, count), true) };
}

/** Rising; their product is at least `side`. */
function balancedFactors(side: number, count: number): number[] {
  let best: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (let padded = side; ; padded++) {
    const penalty = (padded / side) ** 2;
    // No factors have a smaller sum than equal ones.
    if (count * padded ** (1 / count) * penalty >= least) return best;
    const factors = leastSum(padded, count, 1);
    const cost = sum(factors) * penalty;
    if (cost < least) [best, least] = [factors, cost];
  }
}

/** The `count` factors of `number`, none below `from`, with the smallest sum, rising; [number] of one. */
function leastSum(number: number, count: number, from: number): number[] {
  if (count === 1) return [number];
  let best: number[] = [];
  for (let factor = from; factor ** count <= number; factor++) {
    if (number % factor !== 0) continue;
    const factors = [factor, ...leastSum(number / factor, count - 1, factor)];
    if (factors.length === count && (best.length === 0 || sum(factors) < sum(best))) best = factors;
  }
  return best;
}

const sum = (factors: readonly number[]): number => factors.reduce((all, factor) => all + factor, 0);
