import type { LayerReport, ModelReport, SelectedStep, StackStep } from '../../engine/page/light';
import type { RecipeSettings, Stack } from './types/stacks';
import type { Studio } from './types/studio';

/** What a layer gets before the user says otherwise. */
export const DEFAULT_STACK: Stack = [{ method: 'svd', options: { size: 0.5 } }];

/** How much of the compressible weights the layers ticked at first hold. */
const WORTH_SHARE = 0.95;

/**
 * Ids of the layers that a new model begins with: the largest ones that together hold 95 % of what can be compressed,
 * and those as large as the least of them. A stem of a few hundred weights saves nothing and is the first to hurt.
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

/** Methods that edit several tensors together, by name: the registry would bring all methods into the page's first load. */
export const GRAPH_METHODS: ReadonlySet<string> = new Set(['prune-structured']);

export interface Step extends StackStep {
  readonly layers: string | readonly string[];
}
export interface Recipe extends RecipeSettings {
  readonly version: 1;
  readonly steps: readonly Step[];
}

export const stackOf = (stacks: ReadonlyMap<string, Stack>, id: string): Stack => stacks.get(id) ?? DEFAULT_STACK;

const keys = new WeakMap<Stack, string>();

/** The same for stacks of the same steps in the same order; the order in which options were set makes no difference. */
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

/** How many steps a stack begins with that edit several layers together. */
function leadingOf(stack: Stack): number {
  const other = stack.findIndex(({ method }) => !GRAPH_METHODS.has(method));
  return other < 0 ? stack.length : other;
}

/** The same for all layers that Compress takes together in the step at `index`. */
const sharedKey = (stack: Stack, index: number): string =>
  stackKey(index < leadingOf(stack) ? stack.slice(0, index + 1) : stack);

/**
 * For each step of a layer's stack the ids, in order, of the layers that Compress takes together in it, where it edits
 * several together; else none, as a trial of one of them is the same whatever the others are.
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
 * The steps of each distinct stack, for all layers that have it, layers in the order of the model. First those that
 * edit several tensors together and that their stacks begin with: they reach layers of other stacks, and refuse what a
 * step before has rewritten. Stacks that begin alike share them, as units may be made by layers that then differ. Behind
 * another step of its own stack such a method is refused, as the stack's plan says.
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

/** What Compress would run now. */
export function currentRecipe({
  model,
  included,
  stacks,
  settings,
  fixedRecipe,
}: Pick<Studio, 'model' | 'included' | 'stacks' | 'settings' | 'fixedRecipe'>): unknown {
  return fixedRecipe ?? (model && buildRecipe(model, included, stacks, settings));
}

// Two weights of one node share its name; the weight's own name tells them apart.
function callName(model: ModelReport, layer: LayerReport): string {
  const alone = model.layers.every(({ id, name }) => id === layer.id || name !== layer.name);
  return alone ? layer.name : layer.weight;
}

/**
 * The stacks that a recipe gives, by layer id: for each layer the steps that select it, in their order. `steps` is the
 * engine's answer to `checkRecipe`.
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

// Equal stacks as one object: whatever is worked out for it is worked out once.
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

/** What a checked recipe says beside its steps. */
export function settingsOf(recipe: unknown): RecipeSettings {
  const { seed, export: written } = recipe as RecipeSettings;
  return { ...(seed !== undefined && { seed }), ...(written && { export: written }) };
}
