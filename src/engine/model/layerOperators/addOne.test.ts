import { expect, it, vi } from 'vitest';

// What adding an operator is: its file, and one line in the list.
vi.mock('./list', async (original) => ({
  LAYER_OPERATORS: [
    ...(await original<typeof import('./list')>()).LAYER_OPERATORS,
    (await import('./fusedMatMul.fixtures')).fusedMatMul,
  ],
}));

const { nodeRuntime } = await import('../../../runtime/node');
const { Calibration } = await import('../../calibration/calibration');
const { memorySource } = await import('../../core/bytes');
const { seeded } = await import('../../core/random');
const { createCpuBackend } = await import('../../cpu/backend');
const { openDataset } = await import('../../evaluation/openDataset');
const { openModel } = await import('../../evaluation/openModel');
const { Factorisations } = await import('../../methods/factorisations');
const { compress } = await import('../../recipe/compress');
const { planStack } = await import('../../recipe/plan');
const { checkRecipe } = await import('../../recipe/schema');
const { verify } = await import('../../recipe/verify');
const { compare } = await import('../../reference/compare');
const { gaussian } = await import('../fixtures');
const { inspect, inputSpecs } = await import('../inspect');
const { readModel } = await import('../model');
const { DataType, float, modelBytes, node, tensor, value } = await import('../onnx/build');
const { bytesOfFile, sessionModelOf } = await import('../write');

const runtime = nodeRuntime();
const context = { factorisations: new Factorisations(createCpuBackend(runtime)) };
const random = seeded(3);
const weight = (name: string, dims: readonly number[]) => tensor(name, dims, gaussian(random, dims));

/** x [n, 3, 40] → half of x·A → Relu → ·Bᵀ, with stacks of matrices as inputs. */
const bytes = modelBytes({
  nodes: [
    node('FusedMatMul', ['x', 'a'], ['h'], { alpha: float(0.5) }, { name: 'first', domain: 'com.microsoft' }),
    node('Relu', ['h'], ['r']),
    node('FusedMatMul', ['r', 'b'], ['y'], { transB: 1 }, { name: 'second', domain: 'com.microsoft' }),
  ],
  inputs: [value('x', DataType.FLOAT, ['n', 3, 40])],
  outputs: [value('y', DataType.FLOAT, ['n', 3, 32])],
  initializers: [weight('a', [40, 64]), weight('b', [32, 64])],
  domains: { 'com.microsoft': 1 },
});
const open = () => readModel(memorySource(bytes, 'm.onnx'));
const data = gaussian(random, [64, 3, 40]);
const samples = new Map([['x', { type: 'float32' as const, dims: [64, 3, 40], data }]]);

async function run(model: Awaited<ReturnType<typeof open>>) {
  const session = await openModel(model, runtime);
  const { y } = await session.run({ x: { type: 'float32', dims: [64, 3, 40], data } });
  await session.release();
  return y!.data as Float32Array;
}

const recipeOf = (method: string, options: object) =>
  checkRecipe({ version: 1, steps: [{ layers: '*', method, options }] });

it('a new operator is found by inspect, and planned', async () => {
  const { layers } = inspect(await open());
  expect(layers.map(({ name, op, shape, compressible }) => ({ name, op, shape, compressible }))).toEqual([
    { name: 'first', op: 'FusedMatMul', shape: [64, 40], compressible: true },
    { name: 'second', op: 'FusedMatMul', shape: [32, 64], compressible: true },
  ]);
  const [{ op, shape }] = layers as [(typeof layers)[0]];
  const planned = planStack({ shape, type: 'float32', op, opset: 17 }, recipeOf('quantize', { bits: 8 }).steps);
  expect(planned[0]!.operator!.bytes).toBeLessThan(4 * 64 * 40);
});

it.each([
  ['svd', { size: 0.6, whiten: 'full' }],
  ['quantize', { bits: 4 }],
  ['quantize', { bits: 8, activations: 'dynamic' }],
  ['prune', { size: 0.5 }],
])('%s compresses it, calibrated, and what is exported runs as it should', async (method, options) => {
  const model = await open();
  const dataset = openDataset(samples, inputSpecs(model), 'd.npz');
  const calibration = new Calibration({
    dataset,
    open: async (probed) => runtime.open(await sessionModelOf(probed, runtime.externalData), 'cpu'),
  });
  const written = await compress(model, recipeOf(method, options), { ...context, calibration });
  const { report, files } = written;
  expect(report.layers.map(({ name }) => name)).toEqual(['first', 'second']);
  // The error at the output was measured on what each layer sees, scale and transposition included. On independent
  // inputs it is that of the weight; inputs in 8 bits add about as much again.
  for (const { outputError, weightError } of report.layers) {
    expect(outputError!.measured).toBeGreaterThan(0);
    expect(outputError!.measured).toBeLessThan(2 * weightError.measured);
  }
  const read = await readModel(memorySource(await bytesOfFile(files[0]!), 'm.onnx'));
  expect(await verify(read, written, model, { runtime })).toMatchObject({
    by: 'outputs',
    layers: { checked: 2, of: 2 },
  });
  const [before, after] = [await run(model), await run(read)];
  const norm = (of: (i: number) => number) => Math.sqrt(before.reduce((sum, _, i) => sum + of(i) ** 2, 0));
  const moved = norm((i) => after[i]! - before[i]!) / norm((i) => before[i]!);
  const [first, second] = report.layers;
  // Both layers' errors, which add like independent ones; Relu halves neither.
  expect(moved).toBeLessThan(1.5 * Math.hypot(first!.outputError!.measured, second!.outputError!.measured));
});

it('its neurons are pruned, and the scale stays', async () => {
  const model = await open();
  const { files, report } = await compress(model, recipeOf('prune-structured', { size: 0.5 }), context);
  expect(report.layers.map(({ name }) => name)).toEqual(['first', 'second']);
  const read = await readModel(memorySource(await bytesOfFile(files[0]!), 'm.onnx'));
  expect(read.graph.node.map(({ opType }) => opType)).toEqual(['FusedMatMul', 'Relu', 'FusedMatMul']);
  expect(inspect(read).layers.map(({ shape }) => shape[0])).toEqual([32, 32]);
});

it('half precision of it computes the same', async () => {
  const model = await open();
  const { files } = await compress(model, recipeOf('half', {}), context);
  const read = await readModel(memorySource(await bytesOfFile(files[0]!), 'm.onnx'));
  const expected = await run(model);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  // float16 weights are off by 2⁻¹¹ of each; sums of 40 and 64 of them stay below eight times that.
  expect(compare(await run(read), expected).difference).toBeLessThan(2 ** -8 * largest);
});
