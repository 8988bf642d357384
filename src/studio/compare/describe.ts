import type { Recipe } from '../../engine/recipe/schema';
import type { RunReport } from '../../worker/protocol';
import { AIM_WORDS, aimOf, isWrittenOtherwise } from '../aims';
import { describeOptions } from '../methods';
import type { RecipeSettings, StackStep } from '../store';
import { sizeRows } from './rows';

/** A run's recipe in a line: "svd size 50 % → half · 7 layers". Layers are those that were rewritten. */
export function describeRun({ recipe, result }: RunReport): string {
  const steps = (recipe as { steps?: readonly Step[] } | null)?.steps ?? [];
  // Steps of the same layers are one stack; stacks that differ only in their layers are told once.
  const stacks = new Map<string, string[]>();
  for (const { layers, method, options } of steps) {
    const key = JSON.stringify(layers);
    const words = `${method} ${describeOptions({ method, options })}`.trim();
    stacks.set(key, [...(stacks.get(key) ?? []), words]);
  }
  const words = [...new Set([...stacks.values()].map((stack) => stack.join(' → ')))];
  // More than three say nothing at a glance.
  const shown = words.length > 3 ? [...words.slice(0, 2), `${words.length - 2} more`] : words;
  const count = result.layers.length;
  return `${shown.join(', ') || 'recipe'} · ${count} ${count === 1 ? 'layer' : 'layers'}`;
}

/** Why loading takes more than the original did, and what avoids it; null where it does not. */
export function describeLoad({ recipe, result }: RunReport): string | null {
  if (sizeRows(result).find(({ name }) => name === 'load peak')?.tone !== 'worse') return null;
  const { aim, form } = (recipe as Partial<Recipe> | null)?.export ?? {};
  const remedy = aim === 'memory' || form !== undefined ? '' : '; exported for little memory, that is avoided';
  return `While the file loads, dense weights are computed from what is stored${remedy}.`;
}

/**
 * What the figures of a run were measured or counted for, where that is not what is chosen now; null where it is.
 */
export function describeAim({ recipe, evaluation, evaluatedFor }: RunReport, settings: RecipeSettings): string | null {
  const chosen = settings.export?.aim ?? 'speed';
  if (isWrittenOtherwise(recipe, settings))
    return `Sizes are those of the model written ${AIM_WORDS[aimOf(recipe)]}; an export writes it ${AIM_WORDS[chosen]}.`;
  if (evaluation && evaluatedFor && evaluatedFor !== chosen)
    return `Sizes are those of the model written ${AIM_WORDS[chosen]}. Latency was measured as written ${AIM_WORDS[evaluatedFor]}: press Compare again to measure it anew.`;
  return null;
}

interface Step extends StackStep {
  readonly layers: string | readonly string[];
}
