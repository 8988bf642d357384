import { beforeEach, expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import type { ModelReport, ProposalReport } from '../../engine/page/light';
import { historySlice } from './history';
import { jobSlice } from './jobs';
import { noticeSlice } from './notices';
import { LARGEST_BY_ITSELF, proposalsSlice } from './proposalsSlice';
import { stackSlice } from './stackSlice';
import type { Studio } from './types/studio';

type OnReport = (report: ProposalReport) => void;

const engine = vi.hoisted(() => ({
  propose: vi.fn(),
  checkRecipe: vi.fn(async () => [{ layers: ['a'], method: 'quantize', options: { bits: 4 } }]),
  cancel: vi.fn(async () => undefined),
}));
vi.mock('../engine', () => ({
  engine,
  callback: <T>(call: T) => call,
  isCancelled: (error: unknown) => error instanceof Error && error.name === 'AbortError',
}));

const layer = (id: string) => ({ id, name: id, weight: id, compressible: true, parameters: 100, bytes: 400 });
const model = { name: 'm.onnx', bytes: 1000, layers: [layer('a'), layer('b')] } as unknown as ModelReport;

const report = (isDone: boolean, keepsPromise = true): ProposalReport => ({
  originalBytes: 1000,
  data: 'generated',
  generated: true,
  samples: { search: 4, check: 4 },
  proposals: [
    {
      name: 'safe',
      promise: '',
      keepsPromise,
      title: '4 bits',
      recipe: { version: 1, steps: [] },
      bytes: 100,
      closeness: { distance: 0 },
    },
  ],
  measured: 1,
  isDone,
});

function studio(part: Partial<Studio> = {}) {
  return createStore<Studio>()(
    (set, get) =>
      ({
        ...jobSlice(set, get),
        ...noticeSlice(set, get),
        ...historySlice(set, get),
        ...stackSlice(set, get),
        ...proposalsSlice(set, get),
        selection: [],
        model,
        data: null,
        runs: [],
        interrupted: null,
        restarting: false,
        included: new Set(['a', 'b']),
        compress: vi.fn(),
        ...part,
      }) as unknown as Studio,
  );
}

/** An engine that reports a safe proposal, which ends the first call, and answers the second one. */
function findsSafe(): void {
  let calls = 0;
  engine.propose.mockImplementation(async (onReport: OnReport) => {
    if (calls++ % 2 === 1) return report(true);
    onReport(report(false));
    throw new DOMException('', 'AbortError');
  });
}

beforeEach(() => {
  engine.propose.mockReset();
});

it('the workbench follows the safe proposal as long as nothing was changed, and can be told apart from an edit', async () => {
  findsSafe();
  const { getState } = studio();
  await getState().startProposals();
  await vi.waitFor(() => expect(getState().proposals?.taken?.name).toBe('safe'));
  expect([...getState().included]).toEqual(['a']);
  expect(getState().stacks.get('a')).toEqual([{ method: 'quantize', options: { bits: 4 } }]);
  expect(getState()).toMatchObject({ past: [], fixedRecipe: null, proposals: { ended: 'done' } });
  // The first call ended with the first find: others may go first.
  expect(engine.propose).toHaveBeenCalledTimes(2);
});

it('what the user has changed stays, also where the change was taken back', async () => {
  findsSafe();
  const { getState } = studio();
  getState().include(['b'], false);
  await getState().startProposals();
  expect([...getState().included]).toEqual(['a']);
  getState().undo();
  await getState().startProposals();
  expect([...getState().included]).toEqual(['a', 'b']);
  expect(getState().proposals?.taken).toBeUndefined();
});

it('a proposal that breaks its promise is not followed', async () => {
  engine.propose.mockResolvedValue(report(true, false));
  const { getState } = studio();
  await getState().startProposals();
  expect([...getState().included]).toEqual(['a', 'b']);
});

it('are looked for once for the same data, and not by themselves in a large model', async () => {
  engine.propose.mockResolvedValue(report(true));
  const { getState, setState } = studio();
  await getState().proposeWhereNone();
  await getState().proposeWhereNone();
  expect(engine.propose).toHaveBeenCalledTimes(1);
  setState({ data: { name: 'test.npz', samples: 8, labelled: true, generated: false } });
  await getState().proposeWhereNone();
  expect(engine.propose).toHaveBeenCalledTimes(2);
  setState({ model: { ...model, bytes: LARGEST_BY_ITSELF + 1 }, proposals: null });
  await getState().proposeWhereNone();
  expect(engine.propose).toHaveBeenCalledTimes(2);
});

it('stopping keeps what was found, and a reason stands where nothing can be found', async () => {
  engine.propose.mockImplementation(
    (onReport: OnReport) =>
      new Promise((_, reject) => {
        onReport(report(false, false));
        engine.cancel.mockImplementation(async () => {
          reject(new DOMException('', 'AbortError'));
          return undefined;
        });
      }),
  );
  const { getState } = studio();
  const looking = getState().startProposals();
  await vi.waitFor(() => expect(getState().proposals?.report).not.toBeNull());
  getState().stopProposals();
  await looking;
  expect(getState().proposals).toMatchObject({ ended: 'stopped', report: { measured: 1 } });
  engine.propose.mockRejectedValue(new Error('This model draws at random.'));
  await getState().startProposals();
  expect(getState().proposals).toMatchObject({ ended: 'failed', fault: 'This model draws at random.' });
  expect(getState().notices).toEqual([]);
});
