import type { AnyMethod } from '../methods/method';
import { controlsOf } from '../methods/options';
import { getMethod } from '../methods/registry';
import { exportOf, type Recipe, type Step } from './schema';

type Options = Readonly<Record<string, unknown>>;

/**
 * A checked recipe with its defaults written out and without options that have no effect. It means the same in a version
 * with other defaults, and two recipes that mean the same are written in the same way. Checking it gives the same recipe
 * again. An exported model carries it, and its hash.
 */
export function resolvedRecipe(recipe: Recipe): object {
  return {
    version: recipe.version,
    seed: recipe.seed ?? 0,
    export: exportOf(recipe),
    steps: recipe.steps.map(resolvedStep),
  };
}

function resolvedStep(step: Step): object {
  switch (step.kind) {
    case 'method': {
      const { layers, ignore, method, options } = step;
      const named = { layers, ...(ignore.length > 0 && { ignore }) };
      return { ...named, method, options: resolvedOptions(getMethod(method), options) };
    }
    default:
      return step.kind satisfies never;
  }
}

/** All of a method's options that have an effect, defaults included, in the order of its schema. */
export function resolvedOptions(method: AnyMethod, options: unknown): Options {
  // The schema puts keys in its own order.
  const all = method.options.parse(method.resolve?.(options) ?? options) as Options;
  const controls = new Map(controlsOf(method.options).map((control) => [control.key, control]));
  const counts = ([key]: [string, unknown]) =>
    Object.entries(controls.get(key)?.when ?? {}).every(([other, values]) => values.includes(all[other]));
  return Object.fromEntries(Object.entries(all).filter(counts));
}

/** The options as a form has them: without those that have their default. */
export function omitDefaults(method: AnyMethod, options: unknown): Options {
  const meaning = (given: unknown) => {
    const checked = method.options.safeParse(given);
    return checked.success && JSON.stringify(resolvedOptions(method, checked.data));
  };
  const wanted = meaning(options);
  let brief = options as Options;
  for (const key of Object.keys(brief)) {
    const { [key]: _, ...others } = brief;
    if (meaning(others) === wanted) brief = others;
  }
  return brief;
}
