import { expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { jobSlice } from './jobs';
import { noticeSlice } from './notices';
import { trialSlice } from './trialSlice';
import type { Studio } from './types/studio';

// The engine's worker takes no part: the tests answer in its place.
const engine = vi.hoisted(() => ({ preview: vi.fn(), cancel: vi.fn() }));
vi.mock('../engine', () => ({
  engine,
  isCancelled: (error: unknown) => error instanceof Error && error.name === 'AbortError',
}));

/** Waits for what is soon so; the limit only bounds a hang. */
const eventually = (holds: () => void) => vi.waitFor(holds, { timeout: 120_000 });

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

it('A trial pauses while the user waits for a job, and runs again afterwards', async () => {
  const calls: { id: string; resolve(result: object): void; reject(error: unknown): void }[] = [];
  engine.preview.mockImplementation(
    (_layer, _stack, _options, { id }: { id: string }) =>
      new Promise((resolve, reject) => calls.push({ id, resolve, reject })),
  );
  engine.cancel.mockImplementation(async (id: string) =>
    calls.find((call) => call.id === id)?.reject(new DOMException('', 'AbortError')),
  );
  const store = createStore<Studio>()(
    (set, get) =>
      ({
        ...jobSlice(set, get),
        ...noticeSlice(set, get),
        ...trialSlice(set, get),
        model: { layers: [{ id: 'fc', name: 'fc' }] },
        stacks: new Map(),
        included: new Set(),
        settings: {},
        sources: { model: [], data: [] },
        restarting: false,
      }) as unknown as Studio,
  );
  store.getState().tryAgain('fc');
  await eventually(() => expect(calls).toHaveLength(1));

  let finish: (value: string) => void = () => {};
  const compress = vi.fn(() => new Promise<string>((resolve) => (finish = resolve)));
  const run = store.getState().runJob('compress', 'Compressing', compress);
  await eventually(() => expect(compress).toHaveBeenCalled());
  expect(engine.cancel).toHaveBeenCalledWith(calls[0]!.id);
  expect(calls).toHaveLength(1);
  expect(store.getState().trial).toBeNull();

  finish('compressed');
  expect(await run).toBe('compressed');
  await eventually(() => expect(calls).toHaveLength(2));
  calls[1]!.resolve({ steps: [] });
  await eventually(() => expect(store.getState().trial).toMatchObject({ result: { steps: [] } }));
});
