import { engine } from '../engine';
import { sentence } from './jobs';
import { budgetsOf } from './recipe';
import type { BudgetSlice, Slice } from './types';

export const budgetSlice: Slice<BudgetSlice> = (set, get) => ({
  budgets: new Map(),
  included: new Set(),
  fixedRecipe: null,
  setBudget(ids, budget) {
    const budgets = new Map(get().budgets);
    for (const id of ids) budgets.set(id, budget);
    const { included } = get();
    const all = ids.every((id) => included.has(id));
    set({ budgets, fixedRecipe: null, ...(!all && { included: new Set([...included, ...ids]) }) });
  },
  include(ids, included) {
    const next = new Set(get().included);
    for (const id of ids) {
      if (included) next.add(id);
      else next.delete(id);
    }
    set({ included: next, fixedRecipe: null });
  },
  includeOnly(ids) {
    set({ included: new Set(ids), fixedRecipe: null });
  },
  async applyRecipe(recipe, name = 'The recipe') {
    const { model } = get();
    if (!model) return false;
    try {
      const selected = await engine.checkRecipe(recipe);
      const given = budgetsOf(model, recipe, selected);
      set({
        fixedRecipe: recipe,
        budgets: new Map([...get().budgets, ...given]),
        included: new Set(given.keys()),
        selection: model.layers.filter(({ id }) => given.has(id)).map(({ id }) => id),
      });
      return true;
    } catch (error) {
      get().notify('error', sentence(error).replace(/^The recipe/, name));
      return false;
    }
  },
});
