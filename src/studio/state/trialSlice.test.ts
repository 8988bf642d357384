import { expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { trialSlice } from './trialSlice';
import type { Studio } from './types/studio';

// The engine's worker is none of this.
vi.mock('../engine', () => ({ engine: {}, isCancelled: () => false }));

it('A trial is of the data that is open: of other files of the same name, and for calibration, it is another', () => {
  const file = (name: string, content: string) => new File([content], name, { lastModified: 0 });
  const keyWith = (...data: File[]) =>
    createStore<Studio>()(
      (set, get) =>
        ({
          ...trialSlice(set, get),
          stacks: new Map(),
          included: new Set(),
          settings: {},
          data: { name: 'test.npz' },
          sources: { model: [], data },
        }) as unknown as Studio,
    )
      .getState()
      .trialKey('fc');
  const labelled = file('test.npz', 'labelled');
  const keys = [
    [],
    [labelled],
    [file('test.npz', 'others')],
    [labelled, file('calibration.npz', 'a')],
    [labelled, file('calibration.npz', 'longer')],
  ].map((data) => keyWith(...data));
  expect(new Set(keys).size).toBe(keys.length);
  expect(keyWith(labelled)).toBe(keys[1]);
});
