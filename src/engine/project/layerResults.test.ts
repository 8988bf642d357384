import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { memorySource } from '../core/bytes';
import { isAbort } from '../core/errors';
import { seeded } from '../core/random';
import { createCpuBackend } from '../cpu/backend';
import { Factorisations } from '../methods/factorisations';
import { isGraphMethod, type Method } from '../methods/method';
import { methods } from '../methods/registry';
import { gaussian } from '../model/fixtures';
import { type Model, readModel } from '../model/model';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { bytesOfFile } from '../model/write';
import { denseOf } from '../operators/dense/dense';
import { lowRank } from '../operators/lowRank/lowRank';
import { compress, needsData } from '../recipe/compress';
import type { StepReport } from '../recipe/report';
import { checkRecipe, type Recipe } from '../recipe/schema';
import { memoryBacking } from '../store/memory';
import { Store } from '../store/store';
import { calibrationOf, chain, RECIPES } from './chain.fixtures';
import { LAYER, layerResults } from './layerResults';

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
afterAll(() => backend.dispose());
afterEach(() => vi.restoreAllMocks());

/** Compresses as a program does that was just started, with what an earlier one kept. */
async function run(model: Model, chosen: Recipe, store: Store | undefined, abortAt = Number.POSITIVE_INFINITY) {
  const controller = new AbortController();
  let steps = 0;
  const result = await compress(model, chosen, {
    factorisations: new Factorisations(backend),
    ...(needsData(chosen) && { calibration: calibrationOf(model, runtime) }),
    signal: controller.signal,
    onProgress: () => {
      if (++steps >= abortAt) controller.abort();
    },
    ...(store && { kept: layerResults(store, { onFault: fail }) }),
  });
  return { bytes: await bytesOfFile(result.files[0]!), steps, report: result.report };
}

const fail = (error: unknown): never => {
  throw error;
};

/** Counts how often methods are applied to leaves. */
function counted() {
  let calls = 0;
  for (const method of methods.filter((one): one is Method => !isGraphMethod(one))) {
    const { apply } = method;
    vi.spyOn(method, 'apply').mockImplementation((...args) => {
      calls++;
      return apply(...args);
    });
  }
  return () => calls;
}

describe('a run that was stopped goes on where it was, and gives the same bytes', () => {
  it.each(Object.keys(RECIPES).map((name, i) => [name, i === 0 ? 20 : 6] as const))(
    '%s, at %i moments',
    async (name, moments) => {
      const chosen = RECIPES[name]!;
      const model = await chain();
      const calls = counted();
      const whole = await run(model, chosen, undefined);
      const wholeCalls = calls();
      const random = seeded(name.length);
      let saved = 0;
      for (let moment = 0; moment < moments; moment++) {
        const store = new Store(memoryBacking());
        const before = calls();
        const stopped = await run(model, chosen, store, 1 + random.below(whole.steps)).catch((error) => {
          if (!isAbort(error)) throw error;
          return undefined;
        });
        const kept = (await store.records(LAYER)).length;
        const first = calls() - before;
        const second = await run(await chain(), chosen, store);
        expect(Buffer.compare(second.bytes, whole.bytes)).toBe(0);
        const again = calls() - before - first;
        // Finished layers are not worked on again; at most the one at work is.
        if (stopped) expect(again).toBe(0);
        expect(first + again).toBeLessThanOrEqual(wholeCalls + leavesOfOneLayer);
        expect(again).toBeLessThanOrEqual(wholeCalls - kept);
        saved += wholeCalls - again;
        // A third time nothing is computed at all.
        const third = await run(await chain(), chosen, store);
        expect(calls() - before - first - again).toBe(0);
        expect(Buffer.compare(third.bytes, whole.bytes)).toBe(0);
        expect(third.report.layers.map(withoutTime)).toEqual(whole.report.layers.map(withoutTime));
      }
      expect(saved).toBeGreaterThan(0);
    },
  );
});

/** Compresses twice with one store: the second time everything is found. Returns what both wrote, and what a run without a store writes. */
async function twice(first: Recipe, second: Recipe, open: () => Promise<Model>) {
  const store = new Store(memoryBacking());
  await run(await open(), first, store);
  const found = await run(await open(), second, store);
  const computed = await run(await open(), second, undefined);
  return { found: found.bytes, computed: computed.bytes };
}

it('a result is not taken for another layer with the same weight', async () => {
  const random = seeded(4);
  const twin = gaussian(random, [40, 40]);
  const bytes = modelBytes({
    nodes: [
      node('MatMul', ['x', 'a'], ['ya'], {}, { name: 'first' }),
      node('Tanh', ['ya'], ['ta']),
      node('MatMul', ['ta', 'b'], ['yb'], {}, { name: 'second' }),
    ],
    inputs: [value('x', DataType.FLOAT, ['n', 40])],
    outputs: [value('yb', DataType.FLOAT, ['n', 40])],
    initializers: ['a', 'b'].map((name) => tensor(name, [40, 40], twin)),
  });
  for (const [method, options] of [
    ['svd', { size: 0.7, whiten: 'full' }],
    ['prune', { sparsity: 0.6, score: 'wanda', scope: 'model' }],
    // An odd number of zeros: of one pair of equal weights only the first goes.
    ['prune', { sparsity: 1921 / 3200, scope: 'model' }],
  ] as const) {
    const chosen = checkRecipe({ version: 1, steps: [{ layers: '*', method, options }] });
    const { found, computed } = await twice(chosen, chosen, () => readModel(memorySource(bytes, 'twins.onnx')));
    expect(Buffer.compare(found, computed), method).toBe(0);
  }
});

it('a result is not taken from a run whose model was cut elsewhere', async () => {
  const cut = { layers: 'fc0', method: 'prune-structured', options: { size: 0.6 } };
  const looking = { layers: 'fc3', method: 'svd', options: { size: 0.7, whiten: 'full' } };
  // What was rewritten is not cut.
  const kept = { layers: 'fc0', method: 'svd', options: { size: 0.6 } };
  const whole = checkRecipe({ version: 1, steps: [kept, cut, looking] });
  const narrow = checkRecipe({ version: 1, steps: [cut, looking] });
  const { found, computed } = await twice(whole, narrow, () => chain());
  expect(Buffer.compare(found, computed)).toBe(0);
});

/** A low rank has two. */
const leavesOfOneLayer = 2;
const withoutTime = ({ ms: _, ...rest }: { readonly ms: number }) => rest;

describe('kept results of layers', () => {
  const report = {
    method: 'svd',
    form: 'lowRank 2',
    added: 0,
    error: 0,
    bytes: 1,
    parameters: 1,
    multiplyAdds: 1,
  } satisfies StepReport;
  const result = (fill: number) => ({
    report,
    ms: 5,
    operator: lowRank(
      denseOf([30, 2], 'float32', new Float32Array(60).fill(fill)),
      denseOf([2, 30], 'float32', new Float32Array(60).fill(fill)),
    ),
  });
  const BYTES = 4 * 120;
  const keys = Array.from({ length: 12 }, (_, i) => i.toString(16).repeat(64));

  it('are found again by another program, with what stands for the weight or without', async () => {
    const backing = memoryBacking();
    const results = layerResults(new Store(backing), { onFault: fail });
    await results.keep(keys[0]!, result(0.5));
    await results.keep(keys[1]!, { report: { ...report, skipped: 'too small' }, ms: 1 });
    const later = layerResults(new Store(backing), { onFault: fail });
    const found = (await later.find(keys[0]!))!;
    expect(found).toMatchObject({ report, ms: 5 });
    expect(await found.operator!.toDense()).toEqual(await result(0.5).operator.toDense());
    expect(await later.find(keys[1]!)).toEqual({ report: { ...report, skipped: 'too small' }, ms: 1 });
    expect(await later.find(keys[2]!)).toBeUndefined();
  });

  it('are gone where their bytes are damaged, and stay usable when another tab removes them', async () => {
    const backing = memoryBacking();
    const store = new Store(backing);
    const results = layerResults(store, { onFault: fail });
    for (const key of [0, 1]) await results.keep(keys[key]!, result(key));
    const [first, second] = (await store.records(LAYER)).map(({ references }) => references[0]!.sha256);
    const found = (await results.find(keys[0]!))!;
    for (const name of [first!, second!]) {
      const staged = await backing.stage();
      await staged.write(new Uint8Array(BYTES));
      await staged.commit('artefacts', name);
    }
    expect(await results.find(keys[1]!)).toBeUndefined();
    expect(await found.operator!.toDense()).toEqual(await result(0).operator.toDense());
  });

  it('go, the oldest first, when there are too many or they take too much', async () => {
    for (const options of [{ mostResults: 5 }, { mostBytes: 5 * BYTES }]) {
      const backing = memoryBacking();
      const store = new Store(backing);
      for (const [i, key] of keys.entries()) {
        // A later program counts what an earlier one has kept.
        await layerResults(store, { ...options, onFault: fail }).keep(key, result(i + 1));
        await new Promise((resolve) => setTimeout(resolve, 2));
        const left = (await store.records(LAYER)).map(({ name }) => name).reverse();
        expect(left).toEqual(keys.slice(i + 1 - left.length, i + 1));
        expect(left.length).toBeLessThanOrEqual(5);
        expect(left.length).toBeGreaterThanOrEqual(Math.min(i + 1, 4));
        expect(await backing.list('artefacts')).toHaveLength(left.length);
      }
    }
  });

  it('that there is no room for are not kept, and the run goes on', async () => {
    const backing = memoryBacking();
    const faults: unknown[] = [];
    const full = new Store({ ...backing, stage: () => Promise.reject(new DOMException('full', 'QuotaExceededError')) });
    const results = layerResults(full, { onFault: (error) => void faults.push(error) });
    await results.keep(keys[0]!, result(1));
    expect(String(faults)).toMatch(/There is no room left to keep work/);
    expect(await results.find(keys[0]!)).toBeUndefined();
    const model = await chain();
    const { report: finished } = await compress(model, RECIPES['two steps']!, {
      factorisations: new Factorisations(backend),
      kept: results,
    });
    expect(finished.layers).toHaveLength(5);
  });
});
