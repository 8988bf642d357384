import type { SiteShape } from './sites';

/** Numbers in the cores [χ(k−1), out[k], in[k], χ(k)] of a train. */
export function trainSize(sites: SiteShape, bonds: readonly number[]): number {
  return sites.out.reduce((sum, out, k) => sum + (bonds[k - 1] ?? 1) * out * sites.in[k]! * (bonds[k] ?? 1), 0);
}

/** The bonds of `tensorTrain` where each may have at most what is asked: no unfolding has more than its shorter side. */
export function attainableBonds(sites: SiteShape, asked: number | readonly number[]): number[] {
  const sizes = sites.out.map((out, k) => out * sites.in[k]!);
  let before = 1;
  return sizes.slice(1).map((_, bond) => {
    const after = sizes.slice(bond + 1).reduce((product, size) => product * size, 1);
    before = Math.min(before * sizes[bond]!, after, typeof asked === 'number' ? asked : asked[bond]!);
    return before;
  });
}

/** Bonds as even as they can be for a train of at most `most` numbers, and of at least 1. */
export function evenBonds(sites: SiteShape, most: number): number[] {
  const at = (bond: number) => attainableBonds(sites, bond);
  const fits = (bonds: readonly number[]) => trainSize(sites, bonds) <= most;
  let [low, high] = [1, 2];
  while (fits(at(high)) && high < most) [low, high] = [high, 2 * high];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fits(at(middle))) low = middle;
    else high = middle;
  }
  return at(low).reduce((bonds, _, place) => {
    const more = attainableBonds(sites, bonds.with(place, bonds[place]! + 1));
    return fits(more) ? more : bonds;
  }, at(low));
}

/** Energy that is noise, relative to all: float32 singular values don't tell smaller ones. */
const NOISE = 1e-13;

/**
 * Bonds for at most `most` numbers, given the singular values across every cut. ‖W−Ŵ‖² is at most what the cuts drop,
 * summed: beginning with bonds of 1, the bond that drops the most less for a number more grows by one, as long as one
 * fits. It stops where nothing but noise would be gained.
 */
export function bondsForSize(sites: SiteShape, spectra: readonly ArrayLike<number>[], most: number): number[] {
  const sizes = sites.out.map((out, k) => out * sites.in[k]!);
  const bonds = spectra.map(() => 1);
  const total = Array.from(spectra[0] ?? []).reduce((sum, value) => sum + value * value, 0);
  let size = trainSize(sites, bonds);
  for (;;) {
    let best = -1;
    let bestGain = 0;
    let bestCost = 0;
    for (const [bond, spectrum] of spectra.entries()) {
      const [left, right] = [bonds[bond - 1] ?? 1, bonds[bond + 1] ?? 1];
      const chi = bonds[bond]!;
      // Beyond its neighbours' reach a bond would carry nothing.
      if (chi >= Math.min(left * sizes[bond]!, sizes[bond + 1]! * right, spectrum.length)) continue;
      const cost = left * sizes[bond]! + sizes[bond + 1]! * right;
      const gain = spectrum[chi]! ** 2;
      if (size + cost > most || gain <= NOISE * total) continue;
      if (best < 0 || gain * bestCost > bestGain * cost) [best, bestGain, bestCost] = [bond, gain, cost];
    }
    if (best < 0) return bonds;
    bonds[best]! += 1;
    size += bestCost;
  }
}
