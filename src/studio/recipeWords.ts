import type { StackStep } from '../engine/page/light';
import { describeOptions } from './methods';

interface WrittenStep extends StackStep {
  readonly layers: string | readonly string[];
}

/** A stack of a recipe in words, and what its steps name as layers. */
export interface StackWords {
  readonly words: string;
  readonly layers: readonly string[];
}

/** The stacks of a recipe: steps on the same layers are one. "svd size 50 % → half" for a layer `fc1`. */
export function stacksInWords(recipe: unknown): StackWords[] {
  const steps = (recipe as { steps?: readonly WrittenStep[] } | null)?.steps ?? [];
  const stacks = new Map<string, { words: string[]; layers: readonly string[] }>();
  for (const { layers, method, options } of steps) {
    const key = JSON.stringify(layers);
    const words = `${method} ${describeOptions({ method, options })}`.trim();
    const known = stacks.get(key);
    if (known) known.words.push(words);
    else stacks.set(key, { words: [words], layers: [layers].flat() });
  }
  return [...stacks.values()].map(({ words, layers }) => ({ words: words.join(' → '), layers }));
}
