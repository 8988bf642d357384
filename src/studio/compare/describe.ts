import type { Recipe } from '../../engine/recipe/schema';
import type { RunReport } from '../../worker/protocol';
import { describeOptions } from '../methods';
import type { StackStep } from '../store';
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

interface Step extends StackStep {
  readonly layers: string | readonly string[];
}
