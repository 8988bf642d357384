import type { Recipe, RunReport } from '../../engine/page/light';
import { AIM_WORDS, aimOf, isWrittenOtherwise } from '../aims';
import { stacksInWords } from '../recipeWords';
import type { RecipeSettings } from '../store';
import { sizeRows } from './rows';

/** More stacks than this are too many to read at a glance. */
const MOST_STACKS = 3;

/**
 * A run's recipe in one line: "svd size 50 % → half · 7 layers". It counts the layers that were rewritten. `whole`:
 * names every stack, however many there are.
 */
export function describeRun({ recipe, result }: RunReport, whole = false): string {
  // Stacks that differ only in their layers are named once.
  const words = [...new Set(stacksInWords(recipe).map((stack) => stack.words))];
  const shown = words.length > MOST_STACKS && !whole ? [...words.slice(0, 2), `${words.length - 2} more`] : words;
  const count = result.layers.length;
  return `${shown.join(', ') || 'recipe'} · ${count} ${count === 1 ? 'layer' : 'layers'}`;
}

/**
 * A description of each run, by its number: the shortest one that no other run has. Runs with the same methods and
 * options are told apart by their layers, then by the aim of the export, then by the seed.
 */
export function describeRuns(runs: readonly RunReport[]): ReadonlyMap<number, string> {
  const levels = [
    (run: RunReport) => describeRun(run),
    (run: RunReport) => describeRun(run, true),
    (run: RunReport) => `${describeRun(run, true)}${layersOf(run)}`,
    (run: RunReport) => `${describeRun(run)} · written ${AIM_WORDS[aimOf(run.recipe)]}`,
    (run: RunReport) => `${describeRun(run)} · seed ${(run.recipe as Partial<Recipe> | null)?.seed ?? 0}`,
  ];
  const said = levels.map((words) => {
    const counts = new Map<string, number>();
    for (const run of runs) counts.set(words(run), (counts.get(words(run)) ?? 0) + 1);
    return counts;
  });
  return new Map(
    runs.map((run) => {
      const level = levels.findIndex((words, i) => said[i]!.get(words(run)) === 1);
      if (level >= 0) return [run.run, levels[level]!(run)];
      // Two runs of the same recipe.
      const first = runs.find((other) => describeRun(other, true) === describeRun(run, true))!;
      return [run.run, first === run ? describeRun(run) : `${describeRun(run)} · as run ${first.run}`];
    }),
  );
}

/** " (fc1, fc2 and 3 more)": the layers that a run rewrote. */
function layersOf({ result: { layers } }: RunReport): string {
  const names = layers.map(({ name }) => name);
  if (names.length === 0) return '';
  const more = names.length > 3 ? ` and ${names.length - 2} more` : '';
  return ` (${(more ? names.slice(0, 2) : names).join(', ')}${more})`;
}

/** Why loading takes more memory than with the original, and how to avoid it; null where it takes no more. */
export function describeLoad({ recipe, result }: RunReport): string | null {
  if (sizeRows(result).find(({ name }) => name === 'load peak')?.tone !== 'worse') return null;
  const { aim, form } = (recipe as Partial<Recipe> | null)?.export ?? {};
  const remedy = aim === 'memory' || form !== undefined ? '' : '; exported for little memory, that is avoided';
  return `While the file loads, dense weights are computed from what is stored${remedy}.`;
}

/**
 * For which aim the figures of a run were measured or counted; null where that is the aim that is chosen now.
 */
export function describeAim({ recipe, evaluation, evaluatedFor }: RunReport, settings: RecipeSettings): string | null {
  const chosen = settings.export?.aim ?? 'speed';
  if (isWrittenOtherwise(recipe, settings))
    return `Sizes are those of the model written ${AIM_WORDS[aimOf(recipe)]}; an export writes it ${AIM_WORDS[chosen]}.`;
  if (evaluation && evaluatedFor && evaluatedFor !== chosen)
    return `Sizes are those of the model written ${AIM_WORDS[chosen]}. Latency was measured on the model written ${AIM_WORDS[evaluatedFor]}: press Compare again to measure this one.`;
  return null;
}
