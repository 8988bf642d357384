import type { Hash } from './weights';

/** h(key) = (c + key·(b + a·key)) mod 2³². */
export const hashed = ({ a, b, c }: Hash, key: number): number => (c + Math.imul(key, b + Math.imul(a, key))) >>> 0;

/** 1 or −1 by the highest bit of h(key). */
export const signOf = (hash: Hash, key: number): number => 1 - 2 * (hashed(hash, key) >>> 31);
