import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { Calibration } from '../../calibration/calibration';
import { memorySource } from '../../core/bytes';
import { createCpuBackend } from '../../cpu/backend';
import type { Dataset } from '../../evaluation/dataset';
import { Factorisations } from '../../methods/factorisations';
import { inputSpecs } from '../../model/inspect';
import { type Model, readModel } from '../../model/model';
import { DataType, modelBytes, node, tensor, value } from '../../model/onnx/build';
import { bytesOfFile, sessionModelOf } from '../../model/write';
import { normal } from '../../reference/random';
import { compress } from '../compress';
import { checkRecipe } from '../schema';
import type { KeptResult, KeptResults } from './keptResults';

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
afterAll(() => backend.dispose());

/** Three Gemms of 48 × 48 in a row; `last`: the seed of the last one's weights. */
async function modelOf(last = 3): Promise<Model> {
  const bytes = modelBytes({
    nodes: [1, 2, 3].map((i) =>
      node(
        'Gemm',
        [i === 1 ? 'x' : `h${i - 1}`, `w${i}`],
        [i === 3 ? 'y' : `h${i}`],
        { transB: 1 },
        { name: `fc${i}` },
      ),
    ),
    inputs: [value('x', DataType.FLOAT, [8, 48])],
    outputs: [value('y', DataType.FLOAT)],
    initializers: [1, 2, last].map((seed, i) =>
      tensor(`w${i + 1}`, [48, 48], Float32Array.from(normal(48 * 48, seed))),
    ),
  });
  return readModel(memorySource(bytes, 'm.onnx'));
}

function calibrationOf(model: Model, seed = 9): Calibration {
  const dataset: Dataset = {
    name: 'feeds',
    samples: 1,
    generated: true,
    fields: inputSpecs(model).map((input) => ({
      input,
      array: { type: 'float32' as const, dims: [1, 8, 48], data: Float32Array.from(normal(8 * 48, seed)) },
      stacked: true,
    })),
  };
  const open = async (opened: Model) => runtime.open(await sessionModelOf(opened, runtime.externalData), 'cpu');
  return new Calibration({ dataset, open });
}

/** Keeps results in memory and counts those that were found and those that were new. */
class Memory implements KeptResults {
  readonly #results = new Map<string, KeptResult>();
  found = 0;
  fresh = 0;

  async find(key: string): Promise<KeptResult | undefined> {
    const result = this.#results.get(key);
    if (result) this.found++;
    return result;
  }

  async keep(key: string, result: KeptResult): Promise<void> {
    this.fresh++;
    this.#results.set(key, result);
  }
}

interface Run {
  readonly model?: Model;
  readonly steps?: readonly object[];
  readonly seed?: number;
  readonly calibration?: Calibration;
  readonly signal?: AbortSignal;
  readonly kept?: KeptResults;
}

const SVD = { layers: '*', method: 'svd', options: { size: 0.5 } };
const QUANTIZE = { layers: '*', method: 'quantize', options: { bits: 4, groupSize: 16 } };
const SHARED = { layers: '*', method: 'prune', options: { sparsity: 0.8, scope: 'model' } };
const WANDA = { layers: '*', method: 'prune', options: { sparsity: 0.8, score: 'wanda' } };

async function run({ model, steps = [SVD, QUANTIZE], seed, ...context }: Run) {
  const recipe = checkRecipe({ version: 1, ...(seed !== undefined && { seed }), steps });
  return compress(model ?? (await modelOf()), recipe, { factorisations: new Factorisations(backend), ...context });
}

it.each([
  ['each layer by itself', [SVD, QUANTIZE]],
  ['with a budget that layers share', [SHARED, SVD]],
])('a run that was interrupted goes on where it was, %s, to the same file', async (_, steps) => {
  const kept = new Memory();
  const stop = new AbortController();
  const interrupted: KeptResults = {
    find: (key) => kept.find(key),
    async keep(key, result) {
      await kept.keep(key, result);
      if (kept.fresh === 4) stop.abort();
    },
  };
  await expect(run({ steps, kept: interrupted, signal: stop.signal })).rejects.toThrow();
  expect(kept.fresh).toBe(4);
  const resumed = await run({ steps, kept });
  // Six results in all: three layers, two steps.
  expect([kept.found, kept.fresh]).toEqual([4, 6]);
  const whole = await run({ steps });
  expect(await bytesOfFile(resumed.files[0]!)).toEqual(await bytesOfFile(whole.files[0]!));
  const reports = ({ report }: typeof whole) => report.layers.map(({ ms, ...layer }) => layer);
  expect(reports(resumed)).toEqual(reports(whole));
});

describe('of an earlier run is found again', () => {
  /** How many of six (or three) results a run finds of those that another one kept. */
  async function foundAfter(first: Run, second: Run): Promise<number> {
    const kept = new Memory();
    await run({ ...first, kept });
    await run({ ...second, kept });
    return kept.found;
  }

  it('all of the same run', async () => {
    expect(await foundAfter({}, {})).toBe(6);
  });

  it('what comes before the step that differs', async () => {
    const bits = { ...QUANTIZE, options: { bits: 8, groupSize: 16 } };
    expect(await foundAfter({}, { steps: [SVD, bits] })).toBe(3);
    expect(await foundAfter({}, { steps: [{ ...SVD, options: { size: 0.4 } }, QUANTIZE] })).toBe(0);
  });

  it('nothing of another seed', async () => {
    expect(await foundAfter({}, { seed: 1 })).toBe(0);
  });

  it('what has the same weights, in another model too', async () => {
    expect(await foundAfter({}, { model: await modelOf(4) })).toBe(4);
  });

  it('with data, nothing of another model or of other data', async () => {
    const [model, other] = [await modelOf(), await modelOf(4)];
    const first = { model, steps: [WANDA], calibration: calibrationOf(model) };
    expect(await foundAfter(first, { ...first, calibration: calibrationOf(model) })).toBe(3);
    expect(await foundAfter(first, { ...first, calibration: calibrationOf(model, 10) })).toBe(0);
    expect(await foundAfter(first, { ...first, model: other, calibration: calibrationOf(other) })).toBe(0);
  });

  it('nothing where another layer shares the budget', async () => {
    expect(await foundAfter({ steps: [SHARED] }, { steps: [{ ...SHARED, ignore: 'fc3' }] })).toBe(0);
  });
});
