import type { Lesson } from './lesson';
import { rank } from './rank/rank';

/** In the order in which they are best read. */
export const lessons: readonly Lesson[] = [rank];
