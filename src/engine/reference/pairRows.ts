import { tournament } from './tournament';

/** Indices of the 32 rows of the two blocks of 16 that meet as number `pair` in `round`. */
export function pairRows(blocks: number, round: number, pair: number): number[] {
  return tournament(blocks, round, pair).flatMap((block) => Array.from({ length: 16 }, (_, row) => block * 16 + row));
}
