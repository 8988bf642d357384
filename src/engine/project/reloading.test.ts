import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storeFolder } from '../../cli/storeFolder';
import { nodeRuntime } from '../../runtime/node';
import { seeded } from '../core/random';
import { writeNpz } from '../formats/npz/npz';
import { gaussian } from '../model/fixtures';
import { mortal } from '../store/mortal.fixtures';
import { Store } from '../store/store';
import { chainBytes, WIDTHS } from './chain.fixtures';
import { KeptProject } from './keptProject';
import { RUN } from './records';

const folder = mkdtempSync(join(tmpdir(), 'carrara-reloading-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
const newFolder = () => join(folder, String(count++));

const MODEL = new File([chainBytes()], 'chain.onnx');
const DATA = new File(
  [writeNpz([['x', { type: 'float32', dims: [40, WIDTHS[0]!], data: gaussian(seeded(2), [40, WIDTHS[0]!]) }]])],
  'samples.npz',
);
const recipeOf = (...steps: (readonly [string, object])[]) => ({
  version: 1,
  steps: steps.map(([method, options]) => ({ layers: '*', method, options })),
});
const FIRST = recipeOf(['svd', { size: 0.6 }], ['quantize', { bits: 8 }]);
const SECOND = recipeOf(['quantize', { bits: 4, groupSize: 16, rounding: 'gptq' }]);

/** What a user does, step by step; each says what is there afterwards. */
const STEPS = [
  'open',
  'data',
  'first run',
  'compare',
  'page',
  'second run',
  'another aim',
  'export',
  'page again',
  'forget',
] as const;
type StepName = (typeof STEPS)[number];

async function take(step: StepName, project: KeptProject, job: { id: string; signal: AbortSignal }): Promise<unknown> {
  switch (step) {
    case 'open':
      await project.open([MODEL], job);
      // A reload before the copy is complete needs the file again.
      return project.kept();
    case 'data':
      return project.openData(DATA, job);
    case 'first run':
      return project.compress(FIRST, job);
    case 'compare':
      return project.evaluate(1, 'cpu', job);
    case 'page':
      return keepPage(project, { stacks: [1, 2, 3] });
    case 'second run':
      return project.compress(SECOND, job);
    case 'another aim':
      return project.writeFor(2, { aim: 'file' }, job);
    case 'export':
      return project.exportRun(2, job);
    case 'page again':
      return keepPage(project, { stacks: [4] });
    case 'forget':
      return project.forgetRun(1);
  }
}

const keepPage = async (project: KeptProject, page: unknown) =>
  project.keepPage((await project.keeping()).project!, page);

const started = async (store: Store) => {
  const project = new KeptProject(nodeRuntime(), store);
  await project.start('cpu');
  return project;
};

const bytesOf = async (project: KeptProject, run: number) => {
  const { files } = await project.exportRun(run, { id: `export-${run}` });
  return Buffer.from(await files[0]!.blob.arrayBuffer());
};

/** The files that an undisturbed program exports, and how many steps its store takes. */
let whole: { readonly files: ReadonlyMap<string, Buffer>; readonly steps: number };

beforeAll(async () => {
  const tab = mortal(storeFolder(newFolder()));
  const project = await started(new Store(tab.backing));
  const files = new Map<string, Buffer>();
  for (const step of STEPS) {
    await take(step, project, { id: step, signal: new AbortController().signal });
    if (step === 'first run') files.set('first', await bytesOf(project, 1));
    if (step === 'second run') files.set('second', await bytesOf(project, 2));
    if (step === 'another aim') files.set('second for a small file', await bytesOf(project, 2));
  }
  whole = { files, steps: tab.taken };
});

/** Does what the user does until the program ends, after `steps` steps of its store; what was done until then. */
async function untilTheEnd(path: string, steps: number): Promise<ReadonlySet<StepName>> {
  const tab = mortal(storeFolder(path), steps);
  const project = await started(new Store(tab.backing));
  const done = new Set<StepName>();
  const controller = new AbortController();
  void tab.death.then(() => controller.abort());
  for (const step of STEPS) {
    await take(step, project, { id: step, signal: controller.signal }).catch(() => undefined);
    if (tab.isDead) break;
    done.add(step);
  }
  await tab.die();
  return done;
}

describe.each([0, 1, 2, 3, 4])(
  'after a reload everything that was finished is there again, and nothing in part (%i)',
  (group) => {
    const random = seeded(100 + group);
    // Moments of the store's work: what happens between two of them leaves the same files.
    it.each(Array.from({ length: 10 }, (_, i) => i))('moment %i', async () => {
      const path = newFolder();
      const done = await untilTheEnd(path, random.below(whole.steps));
      const backing = storeFolder(path);
      const store = new Store(backing);
      const project = await started(store);
      const projects = await project.projects();
      expect(projects.length).toBeLessThanOrEqual(1);
      if (!done.has('open')) {
        // The copy may be complete although nobody was told.
        if (!projects[0]?.isCopied) return;
      }
      const [{ id, isOpen, runs: listed }] = projects as [(typeof projects)[number]];
      expect(isOpen).toBe(false);
      const { report, data, runs, lost, missing, page, lastRun } = await project.openProject(id, { id: 'open' });
      expect(report.name).toBe('chain.onnx');
      expect(lost).toEqual([]);
      expect(missing).toEqual([]);
      expect(runs.length).toBe(listed);
      if (done.has('data')) expect(data).toMatchObject({ name: 'samples.npz', samples: 40, generated: false });
      if (done.has('first run') && !done.has('forget'))
        expect(runs[0]?.run ?? 2).toBeLessThanOrEqual(STEPS.indexOf('forget') > done.size ? 1 : 2);
      if (done.has('compare') && runs[0]?.run === 1)
        expect(runs[0].evaluation).toMatchObject({ samples: 40, data: 'samples.npz' });
      if (done.has('page again')) expect(page).toEqual({ stacks: [4] });
      else if (done.has('page')) expect([[1, 2, 3], [4]]).toContainEqual((page as { stacks: number[] }).stacks);
      if (done.has('second run')) expect(runs.at(-1)!.run).toBe(2);
      if (done.has('forget')) expect(runs.map(({ run }) => run)).toEqual([2]);
      expect(lastRun).toBeGreaterThanOrEqual(Number(done.has('first run')) + Number(done.has('second run')));
      for (const { run, recipe } of runs) {
        const aim = (recipe as { export?: { aim: string } }).export?.aim;
        const name = run === 1 ? 'first' : aim === 'file' ? 'second for a small file' : 'second';
        if (done.has('another aim') && run === 2) expect(aim).toBe('file');
        expect((await bytesOf(project, run)).equals(whole.files.get(name)!)).toBe(true);
      }
      // Work goes on: a run that was interrupted gives what it would have given.
      if (!done.has('data') && data?.generated !== false) await project.openData(DATA, { id: 'data' });
      const again = await project.compress(SECOND, { id: 'again' });
      expect(again.run).toBeGreaterThan(lastRun);
      expect((await bytesOf(project, again.run)).equals(whole.files.get('second')!)).toBe(true);
      await store.sweep();
      const needed = (await store.records(RUN)).flatMap(({ references }) => references);
      const artefacts = await backing.list('artefacts');
      for (const { sha256 } of needed) expect(artefacts).toContain(sha256);
      await backing.close();
    });
  },
);
