import { rank } from './01-rank/rank';
import type { Lesson } from './lesson';

/** In the order in which they are best read. */
export const lessons: readonly Lesson[] = [rank];
