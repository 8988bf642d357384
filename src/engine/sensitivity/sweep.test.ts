import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { memorySource } from '../core/bytes';
import { seeded } from '../core/random';
import { createCpuBackend } from '../cpu/backend';
import { Damage } from '../evaluation/damage';
import type { Dataset } from '../evaluation/dataset';
import { batches } from '../evaluation/dataset';
import { oneSample } from '../evaluation/oneSample.fixtures';
import { openModel } from '../evaluation/openModel';
import { Factorisations } from '../methods/factorisations';
import { gaussian } from '../model/fixtures';
import { inputSpecs } from '../model/inspect';
import { layersIn } from '../model/layers';
import { type Model, readModel } from '../model/model';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { weightOf } from '../operators/weight';
import { compress } from '../recipe/compress';
import { randomModel } from '../recipe/randomModel.fixtures';
import { checkRecipe } from '../recipe/schema';
import { LayerSweep } from './layerSweep';
import { OriginalAnswers } from './originalAnswers';
import type { SensitivityCell, SensitivityReport, SensitivityRequest } from './report';
import { sweep } from './sweep';

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
afterAll(() => backend.dispose());
const on = { runtime, provider: 'cpu' as const };

const WIDTH = 32;
const SAMPLES = 12;

/** Two branches of two weights each, added: y = relu(x·A)·B + relu(x·C)·D, where D is `last` times as large. */
function branches(last: number): Promise<Model> {
  const random = seeded(5);
  const weight = (name: string, scale = 1) =>
    tensor(
      name,
      [WIDTH, WIDTH],
      Float32Array.from(gaussian(random, [WIDTH, WIDTH]), (one) => scale * one),
    );
  const nodes = [
    ['a', 'b', 'f'],
    ['c', 'd', 'g'],
  ].flatMap(([first, second, out]) => [
    node('MatMul', ['x', first!], [`${out}0`], {}, { name: first! }),
    node('Relu', [`${out}0`], [`${out}1`]),
    node('MatMul', [`${out}1`, second!], [out!], {}, { name: second! }),
  ]);
  return readModel(
    memorySource(
      modelBytes({
        inputs: [value('x', DataType.FLOAT, ['n', WIDTH])],
        outputs: [value('y', DataType.FLOAT, ['n', WIDTH])],
        nodes: [...nodes, node('Add', ['f', 'g'], ['y'])],
        initializers: [weight('a'), weight('b'), weight('c'), weight('d', last)],
      }),
      'branches.onnx',
    ),
  );
}

const dataOf = (model: Model): Dataset => ({
  name: 'x.npz',
  samples: SAMPLES,
  generated: false,
  fields: inputSpecs(model).map((input) => ({
    input,
    array: { type: 'float32' as const, dims: [SAMPLES, WIDTH], data: gaussian(seeded(8), [SAMPLES, WIDTH]) },
    stacked: false,
  })),
});

interface More {
  readonly known?: Map<string, SensitivityCell>;
  readonly signal?: AbortSignal;
  readonly onReport?: (report: SensitivityReport) => void;
}

async function mapOf(model: Model, request: SensitivityRequest, more: More = {}): Promise<SensitivityReport> {
  const { onReport = () => undefined, known = new Map(), signal } = more;
  const dataset = dataOf(model);
  const answers = await OriginalAnswers.open(model, dataset, on);
  const { name: data, generated, samples } = dataset;
  const about = { model: '', data, generated, samples, provider: on.provider, measure: 'relativeError' };
  const factorisations = new Factorisations(backend);
  const context = { ...on, given: layersIn(model), answers, about, known, blocks: [], factorisations, signal };
  return sweep(request, context, onReport);
}

const damageOf = ({ cells }: SensitivityReport, layer: string, level: number): number =>
  cells.find((cell) => cell.layer === layer && cell.level === level)!.damage!.mean;

describe('a map of sensitivity', () => {
  it('finds the layers that matter, and that fewer bytes do more damage', async () => {
    const report = await mapOf(await branches(0.01), { lines: ['svd'], levels: [0.5, 0.25] });
    const [a, b, c, d] = report.layers.map(({ id }) => id) as [string, string, string, string];
    for (const [large, small] of [
      [a, c],
      [b, d],
    ] as const)
      expect(damageOf(report, large, 0.5)).toBeGreaterThan(10 * damageOf(report, small, 0.5));
    for (const id of [a, b]) expect(damageOf(report, id, 0.25)).toBeGreaterThan(damageOf(report, id, 0.5));
    expect([report.measured, report.open, report.samples]).toEqual([8, 0, SAMPLES]);
  });

  it('sees no damage where nothing reads a layer', async () => {
    const report = await mapOf(await branches(0), { lines: ['prune'], levels: [0.25] });
    const { id } = report.layers[2]!;
    expect(damageOf(report, id, 0.25)).toBe(0);
    // A weight of zeros alone loses nothing whatever is done to it, or cannot be rewritten.
    const last = report.cells.find(({ layer }) => layer === report.layers[3]!.id)!;
    expect(last.damage?.mean ?? 0).toBe(0);
  });

  it('says what compressing and running the model says', async () => {
    const model = await branches(1);
    const report = await mapOf(model, { lines: ['quantize'], levels: [0.25] });
    const dataset = dataOf(model);
    const before = await openModel(model, runtime, on);
    for (const cell of report.cells) {
      const { name } = report.layers.find(({ id }) => id === cell.layer)!;
      const steps = cell.steps!.map((step) => ({ ...step, layers: name }));
      const run = await compress(model, checkRecipe({ version: 1, steps }), {
        factorisations: new Factorisations(backend),
      });
      const after = await openModel(run.model, runtime, on);
      const expected = new Damage({});
      for (const batch of batches(dataset, SAMPLES))
        expected.add(await before.run(batch.feeds), await after.run(batch.feeds), batch);
      // The written form rounds in another order: some 1e-6 of a damage that is itself a difference of 1e-2.
      expect(cell.damage!.mean / expected.damage.mean).toBeCloseTo(1, 3);
      await after.release();
    }
    await before.release();
  });

  it('goes on where it was cancelled, and measures nothing twice', async () => {
    const model = await branches(1);
    const request = { lines: ['svd'], levels: [0.5, 0.25] };
    const stop = new AbortController();
    const known = new (class extends Map<string, SensitivityCell> {
      override set(key: string, cell: SensitivityCell) {
        if (cell.damage && cell.level === 0.25) stop.abort();
        return super.set(key, cell);
      }
    })();
    await expect(mapOf(model, request, { known, signal: stop.signal })).rejects.toThrow();
    const before = [...known.values()].filter(({ damage }) => damage !== undefined);
    expect(before.length).toBeGreaterThan(0);
    const whole = await mapOf(model, request, { known });
    for (const cell of before) expect(whole.cells).toContain(cell);
    expect(whole.cells).toEqual((await mapOf(model, request)).cells);
  });

  it('refuses names and levels that are none, in a sentence', async () => {
    const model = await branches(1);
    await expect(mapOf(model, { lines: ['svdd'] })).rejects.toThrow(/There is no method "svdd"; did you mean svd/i);
    await expect(mapOf(model, { lines: ['quantize, GPTQ'] })).rejects.toThrow('"quantize, GPTQ" looks at data');
    await expect(mapOf(model, { levels: [2] })).rejects.toThrow('between 0 and 1, not 2');
  });
});

it.each([1, 2, 3, 4, 5, 6])('a weight as an input gives what the model gives, on random model %i', async (seed) => {
  const { bytes, feeds } = randomModel(seed);
  const model = await readModel(memorySource(bytes, 'random.onnx'));
  const given = layersIn(model);
  const answers = await OriginalAnswers.open(model, oneSample(model, feeds), on);
  let changed = 0;
  for (const layer of given.layers.filter(({ compressible }) => compressible)) {
    const sweep = await LayerSweep.open(layer, answers, { ...on, given });
    const own = await weightOf(model, layer).toDense();
    expect((await sweep.damageOf(own)).damage.mean, layer.name).toBeLessThan(1e-5);
    if ((await sweep.damageOf(own.map((one, i) => one * (1 + (i % 3))))).damage.mean > 1e-3) changed++;
    await sweep.release();
  }
  expect(changed).toBeGreaterThan(0);
});
