import type { LayerReport, ModelReport, SelectedStep, StackStep } from '../../engine/page/light';
import type { RecipeSettings, Stack } from './types/stacks';
import type { Studio } from './types/studio';

/**
 * The stack of a layer that the user has not changed. Codes of 8 bits do little harm on most models, so that Compress leads
 * to a model that works before there is a proposal.
 */
export const DEFAULT_STACK: Stack = [{ method: 'quantize', options: { bits: 8, groupSize: 0 } }];

/** Share of the compressible weights that the layers ticked at first hold together. */
const WORTH_SHARE = 0.95;

/**
 * Ids of the layers that are ticked in a new model: the largest ones, which together hold 95 % of the compressible weights,
 * and others of equal size. Compressing a layer of a few hundred weights saves nothing and costs quality first.
 */
export function worthCompressing(layers: readonly LayerReport[]): string[] {
  const compressible = layers.filter((layer) => layer.compressible);
  const wanted = WORTH_SHARE * compressible.reduce((sum, { parameters }) => sum + parameters, 0);
  let held = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const parameters of compressible.map((layer) => layer.parameters).sort((a, b) => b - a)) {
    if (held >= wanted) break;
    held += parameters;
    least = parameters;
  }
  return compressible.filter(({ parameters }) => parameters >= least).map(({ id }) => id);
}

/** Names of the methods that edit several tensors together. The registry would bring all methods into the first page. */
export const GRAPH_METHODS: ReadonlySet<string> = new Set(['prune-structured', 'drop-blocks']);

export interface Step extends StackStep {
  readonly layers: string | readonly string[];
}
export interface Recipe extends RecipeSettings {
  readonly version: 1;
  readonly steps: readonly Step[];
}

export const stackOf = (stacks: ReadonlyMap<string, Stack>, id: string): Stack => stacks.get(id) ?? DEFAULT_STACK;

const keys = new WeakMap<Stack, string>();

/** Equal for stacks of equal steps in the same order; the order of the options does not matter. */
export function stackKey(stack: Stack): string {
  let key = keys.get(stack);
  if (key === undefined) {
    const sorted = stack.map(({ method, options }) => [
      method,
      Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)),
    ]);
    key = JSON.stringify(sorted);
    keys.set(stack, key);
  }
  return key;
}

/** Number of steps at the beginning of a stack that edit several layers together. */
function leadingOf(stack: Stack): number {
  const other = stack.findIndex(({ method }) => !GRAPH_METHODS.has(method));
  return other < 0 ? stack.length : other;
}

/** Equal for all layers that Compress takes together in the step at `index`. */
const sharedKey = (stack: Stack, index: number): string =>
  stackKey(index < leadingOf(stack) ? stack.slice(0, index + 1) : stack);

/**
 * For each step of a layer's stack: the sorted ids of the layers that Compress takes together in that step. Empty for a
 * step that edits each layer by itself: the result for one layer does not depend on the others.
 */
export function peersOf(stacks: ReadonlyMap<string, Stack>, included: ReadonlySet<string>, id: string): string[][] {
  const stack = stackOf(stacks, id);
  return stack.map(({ method }, index) => {
    if (!GRAPH_METHODS.has(method)) return [];
    const key = sharedKey(stack, index);
    return [...included].filter((other) => sharedKey(stackOf(stacks, other), index) === key).sort();
  });
}

/**
 * The recipe that gives every ticked layer its stack: the steps of each different stack, with all layers that have it, in
 * the order of the model. Steps at the beginning of a stack that edit several tensors together come first: they also edit
 * layers of other stacks, and refuse a layer that an earlier step has rewritten. Stacks with the same beginning share
 * these steps, because layers that differ later may make the same units. Such a step after another step of its own stack
 * is refused; the plan of the stack says so.
 */
export function buildRecipe(
  model: ModelReport,
  included: ReadonlySet<string>,
  stacks: ReadonlyMap<string, Stack>,
  settings: RecipeSettings = {},
): Recipe {
  const first = new Map<string, Step & { layers: string[] }>();
  const others = new Map<string, Step & { layers: string[] }>();
  for (const layer of model.layers) {
    if (!included.has(layer.id)) continue;
    const stack = stackOf(stacks, layer.id);
    const leading = leadingOf(stack);
    stack.forEach(({ method, options }, index) => {
      const steps = index < leading ? first : others;
      const key = `${sharedKey(stack, index)} ${index}`;
      if (!steps.has(key)) steps.set(key, { layers: [], method, options });
      steps.get(key)!.layers.push(callName(model, layer));
    });
  }
  return { version: 1, ...settings, steps: [...first.values(), ...others.values()] };
}

/** The recipe that Compress would run now. */
export function currentRecipe({
  model,
  included,
  stacks,
  settings,
  fixedRecipe,
}: Pick<Studio, 'model' | 'included' | 'stacks' | 'settings' | 'fixedRecipe'>): unknown {
  return fixedRecipe ?? (model && buildRecipe(model, included, stacks, settings));
}

// Two weights of one node share the name of the node: they are called by their own names.
function callName(model: ModelReport, layer: LayerReport): string {
  const alone = model.layers.every(({ id, name }) => id === layer.id || name !== layer.name);
  return alone ? layer.name : layer.weight;
}

/**
 * The stacks that a recipe gives, by layer id: for each layer the steps that select it, in order. `steps` is the engine's
 * answer to `checkRecipe`.
 */
export function stacksOf(model: ModelReport, steps: readonly SelectedStep[]): ReadonlyMap<string, Stack> {
  const compressible = new Set(model.layers.filter((layer) => layer.compressible).map(({ id }) => id));
  const stacks = new Map<string, Stack>();
  for (const { layers, method, options } of steps) {
    for (const id of layers) {
      if (compressible.has(id)) stacks.set(id, [...(stacks.get(id) ?? []), { method, options }]);
    }
  }
  return shared(stacks);
}

// Equal stacks become one object, so that plans and estimates are computed once for all of them.
function shared(stacks: ReadonlyMap<string, Stack>): ReadonlyMap<string, Stack> {
  const known = new Map<string, Stack>();
  return new Map(
    [...stacks].map(([id, stack]) => {
      const key = stackKey(stack);
      const first = known.get(key) ?? stack;
      known.set(key, first);
      return [id, first];
    }),
  );
}

/** The settings of a checked recipe. */
export function settingsOf(recipe: unknown): RecipeSettings {
  const { seed, export: written } = recipe as RecipeSettings;
  return { ...(seed !== undefined && { seed }), ...(written && { export: written }) };
}
