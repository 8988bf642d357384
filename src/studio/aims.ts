import type { Aim } from '../engine/page/light';
import type { RecipeSettings } from './state/types/stacks';

/** What a model is written for, as the end of a sentence: "written for speed". */
export const AIM_WORDS: Readonly<Record<Aim, string>> = {
  speed: 'for speed',
  file: 'for a small file',
  memory: 'for little memory',
};

/** What a recipe's result is written for. */
export const aimOf = (recipe: unknown): Aim => (recipe as RecipeSettings | null)?.export?.aim ?? 'speed';

/** Whether the run would be written otherwise than its recipe says. */
export const isWrittenOtherwise = (recipe: unknown, { export: chosen }: RecipeSettings): boolean =>
  aimOf(recipe) !== (chosen?.aim ?? 'speed') || (recipe as RecipeSettings | null)?.export?.form !== chosen?.form;
