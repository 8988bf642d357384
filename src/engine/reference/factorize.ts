import { apply } from './apply';
import { diagonalize } from './diagonalize';
import { gather } from './gather';
import { gram } from './gram';
import { identity } from './identity';
import { norms } from './norms';

const TOLERANCE = 1e-14;

/**
 * Twin of gpu/factorize: the left singular vectors of `a` [m, n] as rows of an [m, m] matrix, by falling singular
 * value. One-sided block Jacobi; throws after 30 sweeps.
 */
export function factorize(a: ArrayLike<number>, m: number, n: number): Float64Array<ArrayBuffer> {
  const blocks = 2 * Math.ceil(m / 32);
  const padded = blocks * 16;
  const r = new Float64Array(padded * n);
  r.set(Array.from(a));
  const j = identity(padded, m);
  const energy = norms(r, padded, n).reduce((sum, norm) => sum + norm, 0);
  const noise = (2 ** -52) ** 2 * (energy / m);
  let largest = energy > 0 ? 1 : 0;
  for (let sweep = 0; largest > 1e-9; sweep++) {
    if (sweep === 30) throw new Error(`The [${m}, ${n}] matrix did not converge.`);
    largest = 0;
    for (let round = 0; round < blocks - 1; round++) {
      const grams = gram(r, n, blocks, round);
      const pairs = Array.from({ length: blocks / 2 }, (_, pair) =>
        diagonalize(grams.subarray(pair * 1024, pair * 1024 + 1024), { sweeps: 4, tolerance: TOLERANCE, noise }),
      );
      const rotations = Float64Array.from(pairs.flatMap(({ rotation }) => Array.from(rotation)));
      const changed = pairs.map((pair) => Number(pair.changed));
      apply(r, n, blocks, round, rotations, changed);
      apply(j, m, blocks, round, rotations, changed);
      largest = Math.max(largest, ...pairs.map(({ largestCosine }) => largestCosine));
    }
  }
  const lengths = norms(r, padded, n);
  const real = norms(j, padded, m);
  const order = Array.from({ length: padded }, (_, row) => row)
    .filter((row) => real[row] > 0.5)
    .sort((first, second) => lengths[second] - lengths[first] || first - second);
  return gather(j, m, order);
}
