import type { Random } from '../../src/engine/core/random';

/** The numbers 0…length−1 in random order (Fisher–Yates). */
export function permutation(length: number, { below }: Random): Uint32Array {
  const order = Uint32Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last--) {
    const other = below(last + 1);
    const kept = order[last];
    order[last] = order[other];
    order[other] = kept;
  }
  return order;
}
