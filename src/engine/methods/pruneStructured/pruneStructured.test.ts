import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { Calibration } from '../../calibration/calibration';
import { memorySource } from '../../core/bytes';
import { seeded } from '../../core/random';
import { createCpuBackend } from '../../cpu/backend';
import { openDataset } from '../../evaluation/openDataset';
import { readNpz } from '../../formats/npz/npz';
import { gaussian } from '../../model/fixtures';
import { inputSpecs } from '../../model/inspect';
import { layersOf } from '../../model/layers';
import { type Model, readModel } from '../../model/model';
import { DataType, modelBytes, node, tensor, value } from '../../model/onnx/build';
import { scopeOf } from '../../model/scopes';
import { sessionModelOf } from '../../model/write';
import { compress } from '../../recipe/compress';
import { checkRecipe } from '../../recipe/schema';
import { Factorisations } from '../factorisations';

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
const open = async (model: Model) => runtime.open(await sessionModelOf(model, runtime.externalData), 'cpu');
const step = (options: object, layers = '*') => ({ layers, method: 'prune-structured', options });
const run = (model: Model, steps: object[], calibration?: Calibration) =>
  compress(model, checkRecipe({ version: 1, steps }), {
    factorisations: new Factorisations(backend),
    ...(calibration && { calibration }),
  });

/** x [n, 20] → 24 neurons → 30, where neuron i has weights of size `made[i]` before it and `taken[i]` behind it. */
const network = (made: (i: number) => number, taken: (i: number) => number) => {
  const random = seeded(2);
  const first = gaussian(random, [24, 20]).map((w, at) => w * made(Math.floor(at / 20)));
  const second = gaussian(random, [24, 30]).map((w, at) => w * taken(Math.floor(at / 30)));
  return readModel(
    memorySource(
      modelBytes({
        inputs: [value('x', DataType.FLOAT, ['n', 20])],
        outputs: [value('y', DataType.FLOAT, ['n', 30])],
        nodes: [
          node('Gemm', ['x', 'w1', 'b1'], ['h'], { transB: 1 }, { name: 'first' }),
          node('Relu', ['h'], ['r']),
          node('MatMul', ['r', 'w2'], ['y'], {}, { name: 'second' }),
        ],
        initializers: [
          tensor('w1', [24, 20], Float32Array.from(first)),
          tensor(
            'b1',
            [24],
            gaussian(random, [24]).map((b, i) => b * made(i)),
          ),
          tensor('w2', [24, 30], Float32Array.from(second)),
        ],
      }),
      'network.onnx',
    ),
  );
};

describe('prune-structured', () => {
  it('removes the neurons that do nothing, and the model computes the very same', async () => {
    const model = await network(
      (i) => (i % 4 === 1 ? 0 : 1),
      (i) => (i % 4 === 1 ? 0 : 1),
    );
    const { report, model: cut } = await run(model, [step({ size: 0.75 })]);
    expect(report.layers.map(({ form, weightError }) => [form, weightError])).toEqual([
      ['cut to 18×20', { predicted: 0, measured: 0 }],
      ['cut to 30×18', { predicted: 0, measured: 0 }],
    ]);
    expect(report.before.parameters - report.after.parameters).toBe(6 * (20 + 1 + 30));
    const feeds = { x: { type: 'float32', dims: [4, 20], data: gaussian(seeded(9), [4, 20]) } } as const;
    const [before, after] = await Promise.all(
      [model, cut].map(async (each) => (await (await open(each)).run(feeds)).y!.data),
    );
    expect(Math.max(...(before as Float32Array).map((entry, i) => Math.abs(entry - Number(after![i]))))).toBeLessThan(
      1e-5,
    );
  });

  it('says what it predicts: the norm of what is cut away, and of what later steps do to the rest', async () => {
    const model = await network(
      (i) => 1 + i / 10,
      () => 1,
    );
    const { report } = await run(model, [
      step({ size: 0.5 }),
      { layers: 'first', method: 'svd', options: { size: 0.5 } },
    ]);
    const first = report.layers.find(({ name }) => name === 'first')!;
    expect(first.form).toMatch(/^lowRank/);
    expect(first.steps.map(({ method }) => method)).toEqual(['prune-structured', 'svd']);
    expect(first.steps[1]!.error).toBeGreaterThan(first.steps[0]!.error);
    expect(Math.abs(first.weightError.predicted - first.weightError.measured)).toBeLessThan(1e-4);
  });

  it('wanda asks the data: a neuron with small weights stays where its values are large', async () => {
    // Neuron 0 has small weights before and behind it, but the data are a thousand times as large as others think.
    const model = await network(
      (i) => (i === 0 ? 0.2 : 1),
      (i) => (i === 0 ? 0.7 : 1),
    );
    const biases = layersOf(scopeOf(model))[0]!.uses[0]!.node.input[2];
    const bias = model.graph.initializer.find(({ name }) => name === biases)!;
    bias.rawData = new Uint8Array(Float32Array.from({ length: 24 }, (_, i) => (i === 0 ? 50 : 0)).buffer);
    const npz = new Map([['x', { type: 'float32' as const, dims: [64, 20], data: gaussian(seeded(4), [64, 20]) }]]);
    const calibration = new Calibration({
      dataset: openDataset(npz as never, inputSpecs(model), 'calibration.npz'),
      open,
    });
    const biasLeft = async (score: string) => {
      const { model: cut } = await run(model, [step({ size: 0.5, score })], calibration);
      const left = cut.graph.initializer.find(({ name }) => name === biases)!;
      return new Float32Array(left.rawData.slice().buffer);
    };
    expect([...(await biasLeft('wanda'))]).toContain(50);
    expect([...(await biasLeft('magnitude'))]).not.toContain(50);
    await expect(run(model, [step({ size: 0.5, score: 'wanda' })])).rejects.toThrow(/needs calibration data/);
  });

  it('gives reasons where it cannot, and where another step came first', async () => {
    const model = await network(
      () => 1,
      () => 1,
    );
    const { report } = await run(model, [step({ size: 0.5, unit: 'heads' })]);
    expect(report.layers).toEqual([]);
    expect(report.skipped.map(({ reason }) => reason)).toEqual([
      'it makes neurons, not heads: choose the unit neurons',
      expect.stringMatching(/^its outputs can't be cut: they are an output of the model/),
    ]);
    const after = await run(model, [{ layers: 'first', method: 'svd', options: { size: 0.5 } }, step({ size: 0.5 })]);
    const steps = after.report.layers.find(({ name }) => name === 'first')!.steps;
    expect(steps[1]!.skipped).toBe('was rewritten by a step before; put prune-structured first');
    const some = await run(model, [step({ size: 0.02 }, 'first')]);
    expect(some.report.layers.map(({ form }) => form)).toEqual(['cut to 1×20', 'cut to 30×1']);
  });

  it('cuts heads and neurons of a language model, which then runs', async () => {
    const bytes = new Uint8Array(readFileSync('public/samples/moby-lm/model.onnx'));
    const model = await readModel(memorySource(bytes, 'moby.onnx'));
    const npz = readNpz(new Uint8Array(readFileSync('public/samples/moby-lm/calibration.npz')), 'calibration.npz');
    const calibration = new Calibration({ dataset: openDataset(npz, inputSpecs(model), 'calibration.npz'), open });
    const { model: cut, report } = await run(
      model,
      [step({ size: 0.8, unit: 'heads', score: 'wanda' }), step({ size: 0.5, score: 'wanda' })],
      calibration,
    );
    const shapes = layersOf(scopeOf(cut)).map(({ shape }) => shape.join('×'));
    expect(shapes.filter((shape) => shape === '128×160')).toHaveLength(3 * 3 + 1);
    expect(shapes.filter((shape) => shape === '224×160')).toHaveLength(3 * 2);
    expect(report.layers).toHaveLength(3 * 7);
    const session = await open(cut);
    const ids = {
      type: 'int64',
      dims: [1, 8],
      data: BigInt64Array.from({ length: 8 }, (_, i) => BigInt(60 + i)),
    } as const;
    const [logits] = Object.values(await session.run({ [session.inputNames[0]!]: ids }));
    expect((logits!.data as Float32Array).every(Number.isFinite)).toBe(true);
  });
});
