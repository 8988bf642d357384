import type { LayerReport, ModelReport } from '../../worker/protocol';
import type { Budget, BudgetKind, Studio } from './types';

/** What a layer gets before the user says otherwise. */
export const DEFAULT_BUDGET: Budget = { kind: 'size', value: 0.5 };

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

export interface Step {
  readonly layers: string | readonly string[];
  readonly method: 'svd';
  readonly options: Partial<Record<BudgetKind, number>>;
}
export interface Recipe {
  readonly version: 1;
  readonly steps: readonly Step[];
}

export const KINDS: readonly BudgetKind[] = ['rank', 'energy', 'size', 'error'];

export const budgetOf = (budgets: ReadonlyMap<string, Budget>, id: string): Budget => budgets.get(id) ?? DEFAULT_BUDGET;

/** One step for each distinct budget, layers in the order of the model. No layer is in two steps. */
export function buildRecipe(
  model: ModelReport,
  included: ReadonlySet<string>,
  budgets: ReadonlyMap<string, Budget>,
): Recipe {
  const steps = new Map<string, { budget: Budget; layers: LayerReport[] }>();
  for (const layer of model.layers) {
    if (!included.has(layer.id)) continue;
    const budget = budgetOf(budgets, layer.id);
    const key = `${budget.kind} ${budget.value}`;
    const step = steps.get(key);
    if (step) step.layers.push(layer);
    else steps.set(key, { budget, layers: [layer] });
  }
  return {
    version: 1,
    steps: [...steps.values()].map(({ budget, layers }) => ({
      layers: layers.map((layer) => callName(model, layer)),
      method: 'svd',
      options: { [budget.kind]: budget.value },
    })),
  };
}

/** What Compress would run now. */
export function currentRecipe({
  model,
  included,
  budgets,
  fixedRecipe,
}: Pick<Studio, 'model' | 'included' | 'budgets' | 'fixedRecipe'>): unknown {
  return fixedRecipe ?? (model && buildRecipe(model, included, budgets));
}

// Two weights of one node share its name; the weight's own name tells them apart.
function callName(model: ModelReport, layer: LayerReport): string {
  const alone = model.layers.every(({ id, name }) => id === layer.id || name !== layer.name);
  return alone ? layer.name : layer.weight;
}

/**
 * The budgets that the steps of a recipe give, by layer id. `selected` is the engine's answer to `checkRecipe`: the
 * layers of each step. Steps that are no `svd` with one budget give none.
 */
export function budgetsOf(
  model: ModelReport,
  recipe: unknown,
  selected: readonly (readonly string[])[],
): ReadonlyMap<string, Budget> {
  const budgets = new Map<string, Budget>();
  const { steps } = recipe as { steps: readonly { method?: string; options?: Record<string, unknown> }[] };
  steps.forEach((step, index) => {
    const kind = KINDS.find((name) => typeof step.options?.[name] === 'number');
    if (step.method !== 'svd' || !kind) return;
    const budget: Budget = { kind, value: step.options?.[kind] as number };
    const names = new Set(selected[index]);
    for (const { id, name, weight, compressible } of model.layers) {
      if (compressible && (names.has(id) || names.has(name) || names.has(weight))) budgets.set(id, budget);
    }
  });
  return budgets;
}

/** "svd size 50 % · 7 layers": a recipe in a line. `counts`: how many layers each step selects, where it is known. */
export function describeBudget({ kind, value }: Budget): string {
  return kind === 'rank' ? `rank ${value}` : `${kind} ${+(value * 100).toPrecision(4)} %`;
}
