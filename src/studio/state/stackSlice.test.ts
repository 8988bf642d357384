import { expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { stackSlice } from './stackSlice';
import type { Studio } from './types/studio';

// The engine's worker is none of this.
const engine = vi.hoisted(() => ({ checkRecipe: vi.fn() }));
vi.mock('../engine', () => ({
  engine,
  isCancelled: (error: unknown) => error instanceof Error && error.name === 'AbortError',
}));

const studio = () =>
  createStore<Studio>()(
    (set, get) =>
      ({
        ...stackSlice(set, get),
        model: { layers: [] },
        notices: [],
        notify: vi.fn(),
        clearErrorsBefore: vi.fn(),
        edit: vi.fn(),
      }) as unknown as Studio,
  );

it('A recipe is not taken over where another model was opened while it was checked', async () => {
  const store = studio();
  engine.checkRecipe.mockImplementation(async () => {
    store.setState({ model: { layers: [] } as unknown as Studio['model'] });
    return [];
  });
  expect(await store.getState().applyRecipe({})).toBe(false);
  expect(store.getState().edit).not.toHaveBeenCalled();
});

it('A recipe that does not fit is an error; one that was checked by an engine that is replaced is none', async () => {
  const store = studio();
  const { notify } = store.getState();
  engine.checkRecipe.mockRejectedValue(Object.assign(new Error('The engine was replaced.'), { name: 'AbortError' }));
  expect(await store.getState().applyRecipe({})).toBe(false);
  expect(notify).not.toHaveBeenCalled();
  engine.checkRecipe.mockRejectedValue(new Error('The recipe has no steps: add one.'));
  expect(await store.getState().applyRecipe({}, 'r.json')).toBe(false);
  expect(notify).toHaveBeenCalledWith('error', 'r.json has no steps: add one.');
});
