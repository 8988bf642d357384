import { rank } from './01-rank/lesson';
import type { Lesson } from './lesson';

/** Every lesson, in the order in which they are best read. */
export const LESSONS: readonly Lesson[] = [rank];
