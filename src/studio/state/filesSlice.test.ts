import { expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { dropped } from '../files';
import { filesSlice } from './filesSlice';
import { isBusy } from './jobs';
import { noticeSlice } from './notices';
import type { Studio } from './types/studio';

// The engine's worker is none of this.
vi.mock('../engine', () => ({ engine: {}, isCancelled: () => false }));

/** The first bytes of a zip archive, which an .npz is. */
const npz = (name: string) => new File([Uint8Array.of(0x50, 0x4b, 3, 4)], name);
const recipe = new File(['{"version": 1, "steps": []}'], 'recipe.json');
const model = new File([Uint8Array.of(8, 7)], 'model.onnx');

/** A studio whose files take some turns of the event loop to open, and which refuses to open two at once. */
function studio(part: Partial<Studio> = {}) {
  const opened: string[] = [];
  let isReading = false;
  const open = async (name: string) => {
    if (isReading) throw new Error(`${name} came while another file was opened.`);
    isReading = true;
    await new Promise((resolve) => setTimeout(resolve, 10));
    isReading = false;
    opened.push(name);
  };
  const store = createStore<Studio>()(
    (set, get) =>
      ({
        ...filesSlice(set, get),
        ...noticeSlice(set, get),
        model: { name: 'model.onnx' },
        jobs: [],
        included: new Set(),
        started: async () => true,
        openData: (file: File) => open(file.name),
        applyRecipe: (_: unknown, name: string) => open(name).then(() => true),
        openModel: async ([file]: readonly File[]) => {
          await open(file!.name);
          set({ model: { name: file!.name } as Studio['model'] });
          return true;
        },
        ...part,
      }) as unknown as Studio,
  );
  return { store, opened };
}

it('files that are dropped one after the other are opened one after the other', async () => {
  const { store, opened } = studio();
  const { openFiles } = store.getState();
  await Promise.all([openFiles([npz('test.npz')]), openFiles([npz('calibration.npz')]), openFiles([recipe])]);
  expect(opened).toEqual(['test.npz', 'calibration.npz', 'recipe.json']);
});

it('data that are dropped right after their model are opened with it', async () => {
  const { store, opened } = studio({ model: null });
  const { openFiles } = store.getState();
  await Promise.all([openFiles([model]), openFiles([npz('test.npz')])]);
  expect(opened).toEqual(['model.onnx', 'test.npz']);
  expect(store.getState().waiting).toEqual([]);
});

it('a file that cannot be opened does not keep back the files after it', async () => {
  const { store, opened } = studio();
  const { openFiles } = store.getState();
  store.setState({ applyRecipe: () => Promise.reject(new Error('made up')) });
  const refused = openFiles([recipe]).catch((error: Error) => error.message);
  await openFiles([npz('test.npz')]);
  expect([await refused, opened]).toEqual(['made up', ['test.npz']]);
});

it('from the drop to the last file, also between two of them, no run can begin', async () => {
  const { store, opened } = studio();
  const { openDropped, openFiles } = store.getState();
  const seen: string[] = [];
  store.subscribe((state) => seen.push(isBusy(state) ? 'busy' : `free after ${opened.length}`));
  let read = (_: ReturnType<typeof dropped>[]): void => undefined;
  const reading = new Promise<ReturnType<typeof dropped>[]>((resolve) => {
    read = resolve;
  });
  const done = Promise.all([openDropped(reading), openFiles([recipe])]);
  expect(isBusy(store.getState())).toBe(true);
  read([npz('test.npz'), npz('calibration.npz')].map(dropped));
  await done;
  expect(seen.filter((each) => each !== 'busy')).toContain('free after 3');
  expect(seen.filter((each) => each !== 'busy' && each !== 'free after 3')).toEqual([]);
});

it('a drop that cannot be read frees the page again', async () => {
  const { store } = studio();
  const reading = Promise.reject(new Error('made up'));
  await expect(store.getState().openDropped(reading)).rejects.toThrow('made up');
  expect(isBusy(store.getState())).toBe(false);
});
