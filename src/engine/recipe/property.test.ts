import { expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { Calibration } from '../calibration/calibration';
import { memorySource } from '../core/bytes';
import { type Random, seeded } from '../core/random';
import { createCpuBackend } from '../cpu/backend';
import { toNumbers } from '../evaluation/convert';
import { oneSample } from '../evaluation/oneSample.fixtures';
import { transpose } from '../linalg/transpose';
import { methodContext } from '../methods/context.fixtures';
import { Factorisations } from '../methods/factorisations';
import type { Method } from '../methods/method';
import { getMethod } from '../methods/registry';
import { inspect } from '../model/inspect';
import { type Layer, layersOf } from '../model/layers';
import { type Model, readModel } from '../model/model';
import { scopeOf, scopesIn } from '../model/scopes';
import { encodeFloats } from '../model/tensors';
import { bytesOfFile, filesOf, sessionModelOf } from '../model/write';
import { product } from '../operators/product';
import { weightOf } from '../operators/weight';
import type { HostTensor } from '../runtime';
import { compress } from './compress';
import { randomModel } from './randomModel.fixtures';
import { checkRecipe } from './schema';

const runtime = nodeRuntime();
const factorisations = () => new Factorisations(createCpuBackend(runtime));

type Feeds = Readonly<Record<string, HostTensor>>;

async function run(bytes: Uint8Array, feeds: Feeds): Promise<Record<string, HostTensor>> {
  const session = await runtime.open({ bytes, externalData: [] }, 'cpu');
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

const open = async (model: Model) => runtime.open(await sessionModelOf(model, runtime.externalData), 'cpu');

const budgets = (random: Random) =>
  [
    { rank: 1 + random.below(8) },
    { size: 0.2 + 0.7 * random.uniform() },
    { error: 0.2 + 0.7 * random.uniform() },
    { energy: 0.2 + 0.7 * random.uniform() },
  ][random.below(4)]!;

/** The original with the same values in W's place that the factors stand for: nothing of the rewriting takes part. */
async function withDense(bytes: Uint8Array, rewritten: ReadonlySet<string>, options: object): Promise<Uint8Array> {
  const model = await readModel(memorySource(bytes, 'model.onnx'));
  for (const layer of layersOf(scopeOf(model))) {
    if (!rewritten.has(layer.id)) continue;
    const outcome = await (getMethod('svd') as Method).apply(
      weightOf(model, layer),
      options,
      methodContext(factorisations()),
    );
    if ('skipped' in outcome) throw new Error(`${layer.id} was rewritten, but the method skips it`);
    const values = await outcome.operator.toDense(product);
    const stored = layer.stored === 'transposed' ? transpose(values, layer.shape[0]!, layer.shape[1]!) : values;
    const rawData = encodeFloats(stored, layer.tensor.dataType);
    Object.assign(layer.tensor, { rawData, dataLocation: 0, externalData: [] });
  }
  return bytesOfFile(filesOf(model, 'dense.onnx')[0]!);
}

/** Names of the values and nodes that someone outside may refer to: everything but the weights and what hands them on. */
const names = (model: Model): string[] =>
  [...scopesIn(scopeOf(model))].flatMap(({ graph, constants }) => [
    ...graph.output.map(({ name }) => name),
    ...graph.node.filter(({ output }) => !constants.has(output[0]!)).flatMap(({ name, output }) => [name, ...output]),
  ]);

function farness(actual: HostTensor, expected: HostTensor): number {
  const [a, b] = [toNumbers(actual), toNumbers(expected)];
  expect(actual.dims).toEqual(expected.dims);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return Math.sqrt(difference) / Math.max(1e-6, Math.sqrt(norm));
}

async function check(seed: number): Promise<number> {
  const { bytes, feeds, blocks, halves } = randomModel(seed);
  const place = `seed ${seed}: ${blocks.join(', ')}`;
  const options = budgets(seeded(seed));
  const model = await readModel(memorySource(bytes, 'model.onnx'));
  const ids = (m: Model) => new Map(layersOf(scopeOf(m)).map((layer): [string, Layer] => [layer.id, layer]));
  const before = ids(model);

  const everything = [...before.values()];
  const recipe = checkRecipe({
    version: 1,
    steps: everything.length === 0 ? [] : [{ layers: '*', method: 'svd', options }],
  });
  const { report, files } = await compress(model, recipe, {
    factorisations: factorisations(),
    calibration: new Calibration({ dataset: oneSample(model, feeds), open }),
  });
  const written = await bytesOfFile(files[0]!);
  expect(written.length, place).toBe(report.after.bytes);
  expect(report.before.bytes, place).toBe(bytes.length);
  for (const { weightError, outputError, bytesAfter, bytesBefore } of report.layers) {
    // Two sums of float32 squares, over up to three consumers.
    if (outputError && !halves) {
      expect(Math.abs(outputError.predicted - outputError.measured), place).toBeLessThanOrEqual(
        1e-3 * outputError.measured + 1e-6,
      );
    }
    expect(Math.abs(weightError.predicted - weightError.measured), place).toBeLessThanOrEqual(
      // Of some 500 numbers rounded to float16 the mean error is known to 3 % only.
      1e-3 * weightError.measured + (halves ? 3e-5 : 1e-6),
    );
    expect(bytesAfter, place).toBeLessThan(bytesBefore);
  }
  expect(report.layers.length + report.skipped.length, place).toBe(everything.length);

  const read = await readModel(memorySource(written, 'written.onnx'));
  const after = ids(read);
  const kept = new Set(names(read));
  expect(
    names(model).filter((name) => !kept.has(name)),
    place,
  ).toEqual([]);
  const inspected = inspect(read);
  expect(inspected.inputs, place).toEqual(inspect(model).inputs);
  expect(inspected.outputs, place).toEqual(inspect(model).outputs);
  expect(inspected.parameters, place).toBe(report.after.parameters);
  expect(inspected.layers.length, place).toBeGreaterThanOrEqual(report.skipped.length);
  const saved = report.layers.reduce((sum, layer) => sum + (layer.bytesBefore - layer.bytesAfter), 0);
  if (!halves) expect(report.before.parameters - report.after.parameters, place).toBe(saved / 4);

  const rewritten = new Set([...before.keys()].filter((id) => !after.has(id)));
  expect(rewritten.size, place).toBe(report.layers.length);
  const expected = await run(await withDense(bytes, rewritten, options), feeds);
  const actual = await run(written, feeds);
  expect(Object.keys(actual), place).toEqual(inspected.outputs.map(({ name }) => name));
  for (const name of Object.keys(actual)) {
    // float32: sums of some hundred terms, in another order, through two layers. float16 rounds Ŵ in one case, its
    // factors in the other, and every sum where it computes with it: 2^−11 each, some three of them.
    expect(farness(actual[name]!, expected[name]!), `${place}, output ${name}`).toBeLessThan(halves ? 5e-3 : 1e-5);
  }
  return report.layers.length;
}

it('random models, compressed, compute what they would with Ŵ in place of W', async () => {
  let layers = 0;
  for (let seed = 1; seed <= 20; seed++) layers += await check(seed);
  // Otherwise nothing was tested.
  expect(layers).toBeGreaterThan(15);
});
