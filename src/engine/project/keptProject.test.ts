import { describe, expect, it, vi } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { OPEN_ELSEWHERE } from '../core/errors';
import { writeNpz } from '../formats/npz/npz';
import type { Backing } from '../store/backing';
import { memoryBacking } from '../store/memory';
import { mortal } from '../store/mortal.fixtures';
import { Store } from '../store/store';
import { chainBytes, WIDTHS } from './chain.fixtures';
import type { KeepingState } from './engine';
import { KeptProject } from './keptProject';
import { OpenData } from './openData';
import { PROJECT } from './records';

const RECIPE = { version: 1, steps: [{ layers: '*', method: 'quantize', options: { bits: 8 } }] };
let jobs = 0;
const job = () => ({ id: `job-${++jobs}` });
const npz = (width: number) =>
  writeNpz(new Map([['x', { type: 'float32', dims: [8, width], data: new Float32Array(8 * width).fill(1) }]]));
const file = (name: string, seed = 9) => new File([chainBytes(seed)], name);

/** A tab over a backing that other tabs share; it can end at once. */
async function tab(backing = memoryBacking()) {
  const life = mortal(backing);
  const store = new Store(life.backing);
  const project = new KeptProject(nodeRuntime(), store);
  const states: KeepingState[] = [];
  await project.onKeeping((state) => void states.push(state));
  await project.start('cpu');
  return { backing, store, project, states, end: () => life.die() };
}

/** A hash and a line feed stand before each record. */
const isRecord = (bytes: Uint8Array): boolean => bytes[64] === 10;

/** The bytes of a model never arrive; records do. */
const copyingNothing = (backing: Backing): Backing => ({
  ...backing,
  async stage() {
    const staged = await backing.stage();
    const write = (bytes: Uint8Array) => (isRecord(bytes) ? staged.write(bytes) : new Promise<void>(() => undefined));
    return { ...staged, write };
  },
});

describe('a kept project', () => {
  it('keeps the runs of a model when another one opens, and finds each with its own', async () => {
    const { project, store } = await tab();
    await project.open([file('one.onnx')], job());
    await project.compress(RECIPE, job());
    await project.kept();
    await project.open([file('two.onnx', 10)], job());
    await project.compress(RECIPE, job());
    await project.compress(RECIPE, job());
    await project.kept();
    const [two, one] = await project.projects();
    expect([one!.name, one!.runs, two!.name, two!.runs]).toEqual(['one.onnx', 1, 'two.onnx', 2]);
    expect([one!.isOpen, two!.isOpen, one!.isCopied, two!.isCopied]).toEqual([false, true, true, true]);
    expect(one!.modelBytes).toBe(chainBytes().length);
    expect(one!.smallest).toBeLessThan(0.5 * one!.modelBytes);
    // The model, and its weights in 8 bits.
    expect(one!.bytes).toBeGreaterThan(1.2 * one!.modelBytes);
    const again = await project.openProject(one!.id, job());
    expect(again.report.name).toBe('one.onnx');
    expect(again.runs.map(({ run }) => run)).toEqual([1]);
    const exported = await project.exportRun(1, job());
    expect(exported.files[0]!.name).toBe('one.run1.onnx');
    await project.removeProject(two!.id);
    expect((await project.projects()).map(({ name }) => name)).toEqual(['one.onnx']);
    expect(await store.sweep()).toBe(0);
  });

  it('copies a model once, however often it is opened, and shares its finished layers', async () => {
    const { project, backing } = await tab();
    await project.open([file('one.onnx')], job());
    await project.compress(RECIPE, job());
    await project.kept();
    const before = await backing.list('artefacts');
    await project.open([file('same.onnx')], job());
    await project.compress(RECIPE, job());
    await project.kept();
    expect(await backing.list('artefacts')).toEqual(before);
  });

  it('is not kept where nothing was done with it', async () => {
    const { project, backing } = await tab();
    await project.open([file('one.onnx')], job());
    await project.kept();
    expect(await project.projects()).toHaveLength(1);
    await project.open([file('two.onnx', 10)], job());
    await project.keepPage((await project.keeping()).project!, { stack: 'edited' });
    await project.open([file('three.onnx', 11)], job());
    await project.kept();
    expect((await project.projects()).map(({ name }) => name)).toEqual(['three.onnx', 'two.onnx']);
    expect(await backing.list('artefacts')).toHaveLength(2);
  });

  it('is not given what the page kept of the project before, which arrives late', async () => {
    const { project } = await tab();
    await project.open([file('one.onnx')], job());
    const before = (await project.keeping()).project!;
    await project.keepPage(before, 'of one');
    await project.open([file('two.onnx', 10)], job());
    const { project: two } = await project.keeping();
    await project.keepPage(before, 'of one, late');
    await project.keepPage(two!, 'of two');
    await project.keepPage(before, 'of one, too late');
    await project.kept();
    expect((await project.openProject(before, job())).page).toBe('of one');
    expect((await project.openProject(two!, job())).page).toBe('of two');
  });

  it('is gone where its tab ended before the model was copied', async () => {
    const backing = memoryBacking();
    const { project, end } = await tab(copyingNothing(backing));
    await project.open([file('one.onnx')], job());
    await expect.poll(() => project.projects()).toMatchObject([{ name: 'one.onnx', isCopied: false, isOpen: true }]);
    await end();
    expect(await (await tab(backing)).project.projects()).toEqual([]);
    expect(await backing.list('records')).toEqual([]);
  });

  it('is not taken for one of a tab that ended where a tab begins it while another one lists', async () => {
    const backing = memoryBacking();
    const first = await tab(copyingNothing(backing));
    let begun = false;
    const listing: typeof backing = {
      ...backing,
      async list(folder) {
        if (!begun) {
          begun = true;
          await first.project.open([file('one.onnx')], job());
          await expect.poll(() => backing.list('records')).toHaveLength(1);
        }
        return backing.list(folder);
      },
    };
    expect(await (await tab(listing)).project.projects()).toMatchObject([{ name: 'one.onnx', isOpen: true }]);
    expect(await backing.list('records')).toHaveLength(1);
  });

  it('is told apart from that of another tab, which may read it or take it over', async () => {
    const first = await tab();
    await first.project.open([file('one.onnx')], job());
    await first.project.compress(RECIPE, job());
    const id = (await first.project.keeping()).project!;
    await first.project.keepPage(id, 'first');
    await first.project.kept();
    const second = await tab(first.backing);
    expect((await second.project.projects())[0]).toMatchObject({ id, isOpen: true });
    await expect(second.project.openProject(id, job())).rejects.toMatchObject({ name: OPEN_ELSEWHERE });
    await expect(second.project.removeProject(id)).rejects.toMatchObject({ name: OPEN_ELSEWHERE });
    expect((await second.project.openProject(id, job(), 'read')).page).toBe('first');
    await second.project.keepPage(id, 'only read');
    await second.project.compress(RECIPE, job());
    expect((await first.project.openProject(id, job())).page).toBe('first');
    expect((await second.project.projects())[0]!.runs).toBe(1);
    await second.project.openProject(id, job(), 'take over');
    expect(first.states.at(-1)).toMatchObject({
      project: undefined,
      note: expect.stringMatching(/taken this project over/),
    });
    await first.project.keepPage(id, 'too late');
    await second.project.keepPage(id, 'second');
    await second.end();
    const third = await tab(first.backing);
    expect((await third.project.openProject(id, job())).page).toBe('second');
  });

  it('opens with its data or not at all, and leaves out data that do not fit', async () => {
    const { project, backing, store, states } = await tab();
    await project.open([file('one.onnx')], job());
    await project.openData(new File([npz(WIDTHS[0]!)], 'data.npz'), job());
    await project.compress(RECIPE, job());
    await project.kept();
    const { id } = (await project.projects())[0]!;
    await project.open([file('two.onnx', 10)], job());
    const other = states.at(-1)!.project;
    // Cancelled while its data are read.
    const controller = new AbortController();
    vi.spyOn(OpenData.prototype, 'add').mockImplementationOnce(async () => {
      controller.abort();
      controller.signal.throwIfAborted();
    });
    await expect(project.openProject(id, { ...job(), signal: controller.signal })).rejects.toThrow(/abort/i);
    expect([project.model.name, states.at(-1)!.project]).toEqual(['two.onnx', other]);
    const second = await tab(backing);
    expect(await second.project.openProject(id, job())).toMatchObject({ missing: [], data: { name: 'data.npz' } });
    await second.end();
    const { value, references } = (await store.record(PROJECT, id))!;
    await store.write(async ({ put, setRecord }) => {
      const bytes = npz(WIDTHS[0]! + 1);
      const artefact = await put([bytes], bytes.length);
      const data = [{ name: 'data.npz', bytes: bytes.length, artefact }];
      await setRecord(PROJECT, id, { ...value!, data }, [...references, artefact]);
    });
    const opened = await project.openProject(id, job());
    expect(opened).toMatchObject({ missing: ['data.npz'], data: null });
    expect(opened.runs).toHaveLength(1);
  });

  it('goes on without keeping where the disk is full, and says so once', async () => {
    // Records are small, and there is still room for them.
    const backing = memoryBacking();
    let isFull = false;
    const small = {
      ...backing,
      async stage() {
        const staged = await backing.stage();
        const write = (bytes: Uint8Array) =>
          isFull && !isRecord(bytes) ? Promise.reject(new DOMException('', 'QuotaExceededError')) : staged.write(bytes);
        return { ...staged, write };
      },
    };
    const { project, states } = await tab(small);
    await project.open([file('one.onnx')], job());
    await project.kept();
    isFull = true;
    const { run } = await project.compress(RECIPE, job());
    await project.open([file('two.onnx', 10)], job());
    await project.kept();
    expect(states.at(-1)).toMatchObject({
      state: 'partly',
      note: expect.stringMatching(/^There is no room left to keep work/),
    });
    const [two, one] = await project.projects();
    expect([two!.name, two!.isCopied, one!.runs, one!.isCopied]).toEqual(['two.onnx', false, 1, true]);
    await expect(project.openProject(two!.id, job())).rejects.toThrow(/copy of two\.onnx is not complete/);
    isFull = false;
    const { lost, runs } = await project.openProject(one!.id, job());
    // Its weights were too large to be kept: it has its figures, and is compressed again when it is needed.
    expect([lost, runs[0]!.result.layers.length]).toEqual([[run], 5]);
    await expect(project.exportRun(run, job())).rejects.toThrow(`Run ${run} is no longer there: compress again.`);
    await project.compress(RECIPE, job(), { run });
    await project.exportRun(run, job());
    expect((await project.openProject(one!.id, job())).lost).toEqual([]);
  });

  it('says so where finished layers cannot be kept', async () => {
    const backing = memoryBacking();
    const { project, states } = await tab({
      ...backing,
      async stage() {
        const staged = await backing.stage();
        const commit: typeof staged.commit = (folder, name) =>
          name.startsWith('layer.') ? Promise.reject(new Error('the disk is broken')) : staged.commit(folder, name);
        return { ...staged, commit };
      },
    });
    await project.open([file('one.onnx')], job());
    await project.kept();
    await project.compress(RECIPE, job());
    expect(states.at(-1)).toMatchObject({ state: 'partly', note: expect.stringContaining('the disk is broken') });
    expect((await project.projects())[0]!.runs).toBe(1);
  });

  it('says what is missing: a damaged model, a damaged run, another version', async () => {
    const { project, backing, store, states } = await tab();
    await project.open([file('one.onnx')], job());
    await project.compress(RECIPE, job());
    await project.kept();
    const { id } = (await project.projects())[0]!;
    const { references, value } = (await store.record(PROJECT, id))!;
    await project.open([file('two.onnx', 10)], job());
    const spoil = async (name: string, bytes: number) => {
      const staged = await backing.stage();
      await staged.write(new Uint8Array(bytes));
      await staged.commit('artefacts', name);
    };
    for (const name of await backing.list('artefacts')) {
      const { size } = (await backing.open('artefacts', name))!;
      if (name !== references[0]!.sha256) await spoil(name, size);
    }
    await project.openProject(id, job());
    await expect(project.exportRun(1, job())).rejects.toThrow('Run 1 is no longer there: compress again.');
    await project.kept();
    await project.open([file('two.onnx', 10)], job());
    const original = await (await backing.open('artefacts', references[0]!.sha256))!.read(0, references[0]!.bytes);
    const staged = await backing.stage();
    await staged.write(original.with(original.length >> 1, original[original.length >> 1]! ^ 1));
    await staged.commit('artefacts', references[0]!.sha256);
    await project.openProject(id, job());
    await project.kept();
    expect(states.at(-1)).toMatchObject({
      state: 'partly',
      note: 'The kept copy of one.onnx is damaged: open its file again.',
    });
    await project.open([file('two.onnx', 10)], job());
    await expect(project.openProject(id, job())).rejects.toThrow(/copy of one\.onnx is not complete or is gone/);
    await store.write(({ setRecord }) => setRecord({ name: 'project', version: 2 }, 'later', value, references));
    expect((await project.projects())[0]).toMatchObject({ id: 'later', isForeign: true, isCopied: false });
    await expect(project.openProject('later', job())).rejects.toThrow(
      /Another version of Carrara has kept this project/,
    );
    await expect(project.openProject('none', job())).rejects.toThrow(/not kept any more/);
    await project.removeProject('later');
  });
});
