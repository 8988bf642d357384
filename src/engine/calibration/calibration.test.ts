import { describe, expect, it } from 'vitest';
import { seeded } from '../core/random';
import { fixtures, gaussian } from '../model/fixtures';
import { layersOf } from '../model/layers';
import type { Model } from '../model/model';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { scopeOf } from '../model/scopes';
import type { InputStatistics } from '../operators/statistics';
import type { HostTensor } from '../runtime';
import { Calibration } from './calibration';
import {
  chunks,
  collected,
  columnsOf,
  counting,
  datasetOf,
  expectStatistics,
  floats,
  openModel,
  rowsOf,
} from './calibration.fixtures';
import { whyUnseen } from './consumers';

const REASONS: Readonly<Record<string, RegExp>> = {
  'transposed convolution 1': /^a transposed convolution spreads its inputs/,
  'transposed convolution 2': /^a transposed convolution spreads its inputs/,
  'matmul, weight on the left': /^the graph doesn't show its input as a matrix$/,
  'gather of an embedding': /^its input is an index$/,
  'embedding tied to the head through a transpose': /^one of its consumers reads it by index$/,
  'one weight, used straight and transposed': /^its consumers apply both it and its transpose$/,
  'weight inside an If': /^one of its consumers stands inside a branch/,
  'outer weight, captured by an If': /^one of its consumers stands inside a branch/,
};

describe('calibration', () => {
  it('gives each kind of consumer the statistics of its rows, or says why there are none', async () => {
    const said = new Set<string>();
    for (const fixture of fixtures()) {
      const model = await openModel(fixture.bytes);
      const dims = [3, ...fixture.input];
      const array: HostTensor =
        fixture.inputType === 'int64'
          ? { type: 'int64', dims, data: BigInt64Array.from({ length: 30 }, (_, i) => BigInt((7 * i) % 60)) }
          : floats(dims);
      const { layers, calibration } = await collected(model, datasetOf(model, 3, [array], true));
      const found = calibration.statisticsOf(layers[0]!);
      const reason = REASONS[fixture.name];
      // Known before any data is.
      const main = scopeOf(model);
      expect(whyUnseen(layersOf(main)[0]!, main), fixture.name).toBe(reason ? found : undefined);
      if (reason) {
        expect(found, fixture.name).toMatch(reason);
        said.add(fixture.name);
        continue;
      }
      const { data } = array as { data: Float32Array };
      const rows = chunks(data, data.length / 3).flatMap((sample) => rowsOf(fixture.name, sample, fixture.input));
      await expectStatistics(found, rows, fixture.name);
    }
    expect([...said].sort()).toEqual(Object.keys(REASONS).sort());
  });

  // Reductions take their axes as an attribute before opset 18, as an input from then on.
  const threeOnOne = (opset: number, inner = 24) =>
    modelBytes({
      opset,
      nodes: [
        ...['q', 'k', 'v'].map((name) => node('MatMul', ['x', `${name}.w`], [name], {}, { name })),
        node('Gemm', ['x2', 'g.w', 'g.b'], ['g'], { transA: 1 }, { name: 'g' }),
        node('Conv', ['p', 'c1.w'], ['c1'], { pads: [1, 1, 1, 1] }, { name: 'c1' }),
        node('Conv', ['p', 'c2.w'], ['c2'], { pads: [1, 1, 1, 1] }, { name: 'c2' }),
        node('Conv', ['p', 'c3.w'], ['c3'], {}, { name: 'c3' }),
      ],
      inputs: [
        value('x', DataType.FLOAT, ['n', inner]),
        value('x2', DataType.FLOAT, ['n', inner]),
        value('p', DataType.FLOAT, ['n', 8, 5, 5]),
      ],
      outputs: ['q', 'k', 'v', 'g', 'c1', 'c2', 'c3'].map((name) => value(name, DataType.FLOAT)),
      initializers: [
        ...['q', 'k', 'v'].map((name, i) => tensor(`${name}.w`, [inner, 40], gaussian(seeded(i), [inner, 40]))),
        tensor('g.b', [40], gaussian(seeded(4), [40])),
        tensor('g.w', [8, 40], gaussian(seeded(4), [8, 40])),
        ...['c1', 'c2', 'c3'].map((name, i) => tensor(`${name}.w`, [16, 8, 3, 3], gaussian(seeded(i), [16, 8, 3, 3]))),
      ],
    });
  const threeInputs = (model: Model, n: number) =>
    datasetOf(model, n, [floats([n, 24], 1), floats([n, 24], 2), floats([n, 8, 5, 5], 3)]);

  it.each([9, 17, 18, 21])('observes an input that layers share once, opset %i', async (opset) => {
    const model = await openModel(threeOnOne(opset));
    const dataset = threeInputs(model, 8);
    const { layers, calibration, session } = await collected(model, dataset);
    const statistics = new Map(layers.map((layer) => [layer.name, calibration.statisticsOf(layer)]));
    expect(statistics.get('k')).toBe(statistics.get('q'));
    expect(statistics.get('v')).toBe(statistics.get('q'));
    expect(statistics.get('c2')).toBe(statistics.get('c1'));
    // The same value through another padding, or turned, is another input.
    expect(statistics.get('c3')).not.toBe(statistics.get('c1'));
    await expectStatistics(statistics.get('q')!, chunks(dataset.fields[0]!.array.data as Float32Array, 24), 'q');
    const turned = columnsOf(chunks(dataset.fields[1]!.array.data as Float32Array, 24));
    await expectStatistics(statistics.get('g')!, turned, 'g');
    expect(session.opened()).toBe(1);
  });

  it('sums over batches, and runs only what is not known yet', async () => {
    const bytes = modelBytes({
      nodes: [
        node('MatMul', ['x', 'a.w'], ['a'], {}, { name: 'a' }),
        node('Relu', ['a'], ['r']),
        node('MatMul', ['r', 'b.w'], ['b'], {}, { name: 'b' }),
      ],
      inputs: [value('x', DataType.FLOAT, ['n', 24])],
      outputs: [value('b', DataType.FLOAT)],
      initializers: [
        tensor('a.w', [24, 40], gaussian(seeded(1), [24, 40])),
        tensor('b.w', [40, 24], gaussian(seeded(2), [40, 24])),
      ],
    });
    const model = await openModel(bytes);
    const dataset = datasetOf(model, 21, [floats([21, 24])]);
    const main = scopeOf(model);
    const [a, b] = layersOf(main);
    const { open, opened, runs } = counting();
    const calibration = new Calibration({ dataset, open });
    expect(calibration.statisticsOf(a!)).toBe('its input was not observed');
    await calibration.collect(model, main, [a!]);
    // 21 samples, eight at a time.
    expect([opened(), runs.length]).toEqual([1, 3]);
    await expectStatistics(
      calibration.statisticsOf(a!),
      chunks(dataset.fields[0]!.array.data as Float32Array, 24),
      'a',
    );
    await calibration.collect(model, main, [a!]);
    expect(opened()).toBe(1);
    // Another list of the same model's layers is of the same layers.
    const again = scopeOf(model);
    await calibration.collect(model, again, layersOf(again));
    expect(opened()).toBe(2);
    const known = calibration.statisticsOf(a!);
    expect(calibration.statisticsOf(layersOf(again)[0]!)).toBe(known);
    expect((calibration.statisticsOf(b!) as InputStatistics).size).toBe(40);
    // Of another model nothing is known, even where its layers have the same names.
    const other = await openModel(bytes);
    const inOther = scopeOf(other);
    await calibration.collect(other, inOther, layersOf(inOther).slice(0, 1));
    expect(opened()).toBe(3);
    expect(calibration.statisticsOf(a!)).not.toBe(known);
    expect(calibration.statisticsOf(b!)).toBe('its input was not observed');
  });

  it('holds few H at once, and no more for more samples', async () => {
    const model = await openModel(threeOnOne(17));
    const few = await collected(model, threeInputs(model, 8));
    const many = await collected(model, threeInputs(model, 32));
    // Gemm's rows are columns of its input, which is as wide as a batch here.
    expect(new Set(many.session.runs)).toEqual(new Set(few.session.runs));
    // H of 24, 8, 72 and 72 values in float64: 4.6 + 0.5 kB, then 41 kB each.
    const bounded = await collected(model, threeInputs(model, 8), 45e3);
    expect(bounded.session.opened()).toBe(3);
    expect(Math.max(...bounded.session.runs)).toBeLessThan(45e3 / 2 + 4 * 2 * 200);
    const [q] = bounded.layers;
    const [first, second] = [few, bounded].map(({ calibration }) => calibration.statisticsOf(q!) as InputStatistics);
    expect(await first!.gram()).toEqual(await second!.gram());
  });

  it('counts no sample twice where the model takes a fixed number', async () => {
    const bytes = modelBytes({
      nodes: [node('MatMul', ['x', 'w'], ['y'], {}, { name: 'fc' })],
      inputs: [value('x', DataType.FLOAT, [4, 24])],
      outputs: [value('y', DataType.FLOAT)],
      initializers: [tensor('w', [24, 40], gaussian(seeded(1), [24, 40]))],
    });
    const model = await openModel(bytes);
    const array = floats([10, 24]);
    const { layers, calibration } = await collected(model, datasetOf(model, 10, [array]));
    const rows = chunks(array.data as Float32Array, 24).slice(0, 8);
    await expectStatistics(calibration.statisticsOf(layers[0]!), rows, 'fixed');
  });

  it('takes one sample at a time where the model was traced with one', async () => {
    const bytes = modelBytes({
      nodes: [node('Reshape', ['x', 'shape'], ['flat']), node('MatMul', ['flat', 'w'], ['y'], {}, { name: 'fc' })],
      inputs: [value('x', DataType.FLOAT, ['n', 3, 24])],
      outputs: [value('y', DataType.FLOAT)],
      initializers: [
        tensor('shape', [2], BigInt64Array.of(3n, 24n)),
        tensor('w', [24, 40], gaussian(seeded(1), [24, 40])),
      ],
    });
    const model = await openModel(bytes);
    const array = floats([5, 3, 24]);
    const { layers, calibration } = await collected(model, datasetOf(model, 5, [array]));
    await expectStatistics(calibration.statisticsOf(layers[0]!), chunks(array.data as Float32Array, 24), 'traced');
  });

  it('says what is not finite, and what is too wide', async () => {
    const wide = 4700;
    const bytes = modelBytes({
      nodes: [
        node('MatMul', ['x', 'w'], ['y'], {}, { name: 'infinite' }),
        node('MatMul', ['t', 'v'], ['z'], {}, { name: 'wide' }),
      ],
      inputs: [value('x', DataType.FLOAT, ['n', 24]), value('t', DataType.FLOAT, ['n', wide])],
      outputs: [value('y', DataType.FLOAT), value('z', DataType.FLOAT)],
      initializers: [
        tensor('w', [24, 40], gaussian(seeded(1), [24, 40])),
        tensor('v', [wide, 8], gaussian(seeded(2), [wide, 8])),
      ],
    });
    const model = await openModel(bytes);
    const bad = floats([2, 24]);
    (bad.data as Float32Array)[7] = Number.NEGATIVE_INFINITY;
    const { layers, calibration } = await collected(model, datasetOf(model, 2, [bad, floats([2, wide])]));
    expect(layers.map((layer) => calibration.statisticsOf(layer))).toEqual([
      'its input is not finite on the calibration data',
      'its input of 4700 values per row is too wide for its second moments (4608 at most)',
    ]);
  });

  it('stops when it is cancelled', async () => {
    const model = await openModel(threeOnOne(17));
    const controller = new AbortController();
    const main = scopeOf(model);
    const { open, runs } = counting();
    const calibration = new Calibration({ dataset: threeInputs(model, 32), open });
    const call = { signal: controller.signal, onProgress: () => controller.abort() };
    await expect(calibration.collect(model, main, layersOf(main), call)).rejects.toMatchObject({ name: 'AbortError' });
    expect(runs.length).toBeLessThanOrEqual(1);
    expect(calibration.statisticsOf(layersOf(main)[0]!)).toBe('its input was not observed');
  });
});
