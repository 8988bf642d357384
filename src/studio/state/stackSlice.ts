import { engine, isCancelled } from '../engine';
import { sentence } from './jobs';
import { lastNoticeId } from './notices';
import { DEFAULT_STACK, settingsOf, stackOf, stacksOf } from './recipe';
import type { Stack, StackSlice } from './types/stacks';
import type { Slice } from './types/studio';

export const stackSlice: Slice<StackSlice> = (set, get) => ({
  stacks: new Map(),
  included: new Set(),
  settings: {},
  step: 0,
  fixedRecipe: null,
  setStack(ids, stack, what) {
    get().setStacks(new Map(ids.map((id) => [id, stack])), what);
  },
  setStacks(given, what) {
    const stacks = new Map([...get().stacks, ...given]);
    const included = new Set(get().included);
    // Compress has nothing to do on a layer without steps.
    for (const [id, { length }] of given) {
      if (length > 0) included.add(id);
      else included.delete(id);
    }
    const same = [...given.keys()].every((id) => included.has(id) === get().included.has(id));
    get().edit({ stacks, fixedRecipe: null, ...(!same && { included }) }, what);
  },
  showStep(step) {
    set({ step });
  },
  setAim(aim) {
    const { settings } = get();
    get().edit({ settings: { ...settings, export: { ...settings.export, aim } }, fixedRecipe: null });
  },
  include(ids, included) {
    const next = new Set(get().included);
    for (const id of ids) {
      if (included) next.add(id);
      else next.delete(id);
    }
    get().edit({ included: next, fixedRecipe: null, ...(included && { stacks: withSteps(get().stacks, ids) }) });
  },
  includeOnly(ids) {
    get().edit({ included: new Set(ids), fixedRecipe: null, stacks: withSteps(get().stacks, ids) });
  },
  async applyRecipe(recipe, name = 'The recipe') {
    const { model } = get();
    if (!model) return false;
    const earlier = lastNoticeId(get());
    try {
      const given = stacksOf(model, await engine.checkRecipe(recipe));
      // Another model was opened meanwhile: the steps belong to the layers of the one before.
      if (get().model !== model) return false;
      get().edit({
        fixedRecipe: recipe,
        settings: settingsOf(recipe),
        stacks: new Map([...get().stacks, ...given]),
        included: new Set(given.keys()),
        selection: model.layers.filter(({ id }) => given.has(id)).map(({ id }) => id),
        step: 0,
      });
      get().clearErrorsBefore(earlier);
      return true;
    } catch (error) {
      // The restart of the engine is reported by itself.
      if (!isCancelled(error)) get().notify('error', sentence(error).replace(/^The recipe/, name));
      return false;
    }
  },
});

/** Ticking a layer without steps gives it the steps of a new layer. */
function withSteps(stacks: ReadonlyMap<string, Stack>, ids: readonly string[]): ReadonlyMap<string, Stack> {
  const bare = ids.filter((id) => stackOf(stacks, id).length === 0);
  return bare.length === 0 ? stacks : new Map([...stacks, ...bare.map((id) => [id, DEFAULT_STACK] as const)]);
}
