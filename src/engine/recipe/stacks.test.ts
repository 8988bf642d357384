import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { Calibration } from '../calibration/calibration';
import { memorySource } from '../core/bytes';
import { type Random, seeded } from '../core/random';
import { createCpuBackend } from '../cpu/backend';
import { toNumbers } from '../evaluation/convert';
import { oneSample } from '../evaluation/oneSample.fixtures';
import { Factorisations } from '../methods/factorisations';
import { methods } from '../methods/registry';
import { fixtures, gaussian } from '../model/fixtures';
import { layersOf } from '../model/layers';
import { type Model, readModel } from '../model/model';
import { scopeOf } from '../model/scopes';
import { bytesOfFile, sessionModelOf } from '../model/write';
import { denseOf } from '../operators/dense/dense';
import type { ExportForm } from '../operators/export/choice';
import { replaceWeights } from '../operators/export/replace';
import type { HostTensor } from '../runtime';
import { compress } from './compress';
import { randomModel } from './randomModel.fixtures';
import { checkRecipe } from './schema';
import { OPTIONS } from './stacking.fixtures';

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
type Feeds = Readonly<Record<string, HostTensor>>;
interface Step {
  readonly method: string;
  readonly options: object;
}

async function outputs(model: Model, feeds: Feeds): Promise<Record<string, HostTensor>> {
  const session = await runtime.open(await sessionModelOf(model, runtime.externalData), 'cpu');
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

function farness(actual: Record<string, HostTensor>, expected: Record<string, HostTensor>): number {
  let difference = 0;
  let norm = 0;
  for (const [name, tensor] of Object.entries(expected)) {
    const [a, b] = [toNumbers(actual[name]!), toNumbers(tensor)];
    expect(a.length).toBe(b.length);
    for (let i = 0; i < b.length; i++) {
      difference += (a[i]! - b[i]!) ** 2;
      norm += b[i]! ** 2;
    }
  }
  return Math.sqrt(difference) / Math.max(1e-6, Math.sqrt(norm));
}

/**
 * Compresses and holds the result to what is promised of every stack: each layer is rewritten or has a reason, bytes are
 * those written, and the exported file computes what the operators' dense weights do.
 */
async function check(
  bytes: Uint8Array,
  feeds: Feeds,
  steps: readonly Step[],
  place: string,
  form?: ExportForm,
  halves = false,
) {
  const model = await readModel(memorySource(bytes, 'model.onnx'));
  const main = scopeOf(model);
  const layers = layersOf(main);
  const recipe = checkRecipe({
    version: 1,
    ...(form && { export: { form } }),
    steps: layers.length === 0 ? [] : steps.map((step) => ({ layers: '*', ...step })),
  });
  const open = async (opened: Model) => runtime.open(await sessionModelOf(opened, runtime.externalData), 'cpu');
  const calibration = new Calibration({ dataset: oneSample(model, feeds), open });
  const {
    model: changed,
    report,
    files,
    operators,
  } = await compress(model, recipe, {
    factorisations: new Factorisations(backend),
    calibration,
  });
  expect(report.layers.length + report.skipped.length, place).toBe(layers.length);
  for (const { reason } of report.skipped) expect(reason.length, place).toBeGreaterThan(10);
  const written = await bytesOfFile(files[0]!);
  expect(written.length, place).toBe(report.after.bytes);
  const read = await readModel(memorySource(written, 'written.onnx'));
  // Nodes are counted: but for what the file says of the recipe nothing makes it larger.
  const said = read.proto.metadataProps.reduce((sum, { key, value }) => sum + key.length + value.length + 12, 0);
  expect(written.length - said, place).toBeLessThanOrEqual(bytes.length + 100 * report.layers.length);
  for (const layer of report.layers) {
    expect(layer.bytesAfter, place).toBeLessThan(layer.bytesBefore);
    expect(layer.steps, place).toHaveLength(steps.length);
    const { predicted, measured } = layer.weightError;
    expect(Number.isFinite(predicted + measured), place).toBe(true);
  }
  const actual = await outputs(read, feeds);
  const finite = (values: Record<string, HostTensor>) =>
    Object.values(values).every((held) => Array.from(toNumbers(held)).every(Number.isFinite));
  // A few of the random models divide by zero, whatever their weights.
  if (!finite(await outputs(model, feeds))) return report;
  expect(finite(actual), place).toBe(true);
  expect(farness(actual, await outputs(changed, feeds)), place).toBe(0);
  if (steps.some(({ method }) => method === 'prune-structured')) return report;
  const dense = new Map(
    await Promise.all(
      layers
        .filter(({ id }) => operators.has(id))
        .map(async (layer) => {
          const operator = operators.get(layer.id)!;
          return [layer, denseOf(operator.shape, 'float32', await operator.toDense())] as const;
        }),
    ),
  );
  const expected = await outputs(await replaceWeights(model, main, dense), feeds);
  // Some hundred terms in another order, through up to three factors and two layers. In float16, 2^−11 for each of them.
  expect(farness(actual, expected), place).toBeLessThan(halves ? 1e-2 : 2e-5);
  return report;
}

describe('every pair of methods on every kind of layer', () => {
  const names = methods.map(({ name }) => name);

  it('knows options of every method', () => {
    for (const { name, options } of methods) {
      for (const given of OPTIONS[name] ?? []) expect(options.safeParse(given).error?.issues, name).toBeUndefined();
      expect(OPTIONS[name], name).toBeDefined();
    }
  });

  for (const first of names) {
    it(`${first}, then each other`, async () => {
      let rewritten = 0;
      for (const fixture of fixtures()) {
        const random = seeded(3);
        const count = fixture.input.reduce((a, b) => a * b, 1);
        const x: HostTensor =
          fixture.inputType === 'int64'
            ? {
                type: 'int64',
                dims: fixture.input,
                data: BigInt64Array.from({ length: count }, () => BigInt(random.below(20))),
              }
            : { type: 'float32', dims: fixture.input, data: gaussian(random, fixture.input) };
        for (const second of names) {
          const steps = [first, second].map((method) => ({ method, options: OPTIONS[method]![0]! }));
          const place = `${fixture.name}: ${first}, ${second}`;
          const report = await check(
            fixture.bytes,
            { x },
            steps,
            place,
            undefined,
            /half|f16|float16/.test(fixture.name),
          );
          rewritten += report.layers.length;
        }
      }
      // `prune-structured` finds nothing in a model of one layer.
      if (first !== 'prune-structured') expect(rewritten).toBeGreaterThan(names.length);
    });
  }
});

const drawn = (random: Random): Step => {
  const { name } = methods[random.below(methods.length)]!;
  const choices = OPTIONS[name]!;
  return { method: name, options: choices[random.below(choices.length)]! };
};

it('random stacks on random models compute what their operators say', async () => {
  let layers = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const random = seeded(100 + seed);
    const { bytes, feeds, blocks, halves } = randomModel(seed);
    const steps = Array.from({ length: 1 + random.below(3) }, () => drawn(random));
    const form = ([undefined, 'factored', 'load', 'use'] as const)[random.below(4)];
    const place = `seed ${seed}: ${blocks.join(', ')}; ${JSON.stringify(steps)}; ${form ?? 'for speed'}`;
    const report = await check(bytes, feeds, steps, place, form, halves);
    layers += report.layers.length;
  }
  // Otherwise nothing was tested.
  expect(layers).toBeGreaterThan(25);
});

it('a truncation, then 4 bits: the error is what the two parts predict, within 5 %', async () => {
  const bytes = new Uint8Array(readFileSync('public/samples/moby-lm/model.onnx'));
  const model = await readModel(memorySource(bytes, 'moby.onnx'));
  const steps = [
    { layers: 'op:MatMul', method: 'svd', options: { size: 0.6 } },
    { layers: 'op:MatMul', method: 'quantize', options: { bits: 4 } },
  ];
  const { report } = await compress(model, checkRecipe({ version: 1, steps }), {
    factorisations: new Factorisations(backend),
  });
  expect(report.layers).toHaveLength(22);
  for (const { weightError, steps: parts, name } of report.layers) {
    expect(Math.abs(weightError.predicted / weightError.measured - 1), name).toBeLessThan(0.05);
    // Rounding is a part of it, not all and not nothing.
    expect(parts[1]!.added, name).toBeGreaterThan(0.02);
    expect(parts[1]!.added, name).toBeLessThan(0.3);
  }
});
