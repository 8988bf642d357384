import { describe, expect, it } from 'vitest';
import { seeded } from '../core/random';
import { gaussian } from '../model/fixtures';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { denseOf } from '../operators/dense/dense';
import type { Dense } from '../operators/operator';
import { product } from '../operators/product';
import type { InputStatistics } from '../operators/statistics';
import { weightOf } from '../operators/weight';
import { collected, datasetOf, openModel } from './calibration.fixtures';
import { outputErrors } from './outputError';

const [inner, out, samples] = [24, 20, 40];
const weights = gaussian(seeded(3), [inner, out]);
const noise = gaussian(seeded(4), [inner, out]);
const rows = gaussian(seeded(5), [samples, inner]);

/** Powers of two by which the columns of the input and, the other way round, the rows of the weight are multiplied. */
type Sizes = { readonly input: (column: number) => number; readonly weight: (column: number) => number };

const SIZES: Readonly<Record<string, Sizes>> = {
  'inputs of 1e−36': { input: () => -120, weight: () => 0 },
  'inputs of 1e20': { input: () => 66, weight: () => 0 },
  'inputs of 1e37': { input: () => 122, weight: () => -10 },
  'inputs that are not normal numbers': { input: () => -135, weight: () => 30 },
  'weights of 1e−38': { input: () => 0, weight: () => -126 },
  'weights of 1e36': { input: () => 0, weight: () => 119 },
  'outputs of 1e−38': { input: () => -66, weight: () => -60 },
  'columns of every size': { input: (j) => 10 * (j - 11), weight: (j) => -10 * (j - 11) },
};

const times = (values: Float32Array, exponent: (at: number) => number) =>
  values.map((each, at) => each * 2 ** exponent(at));

async function seen({ input, weight }: Sizes, rounding = 1e-3) {
  const w = times(weights, (at) => weight(Math.floor(at / out)));
  const model = await openModel(
    modelBytes({
      opset: 17,
      nodes: [node('MatMul', ['x', 'w'], ['y'], {}, { name: 'fc' })],
      initializers: [tensor('w', [inner, out], w)],
      inputs: [value('x', DataType.FLOAT, ['n', inner])],
      outputs: [value('y', DataType.FLOAT, ['n', out])],
    }),
  );
  const data = times(rows, (at) => input(at % inner));
  const dataset = datasetOf(model, samples, [{ type: 'float32', dims: [samples, inner], data }]);
  const { main, layers, calibration, session } = await collected(model, dataset);
  const [layer] = layers;
  // Ŵ is W with some noise, in the units of its rows; a weight is [out, in].
  const held: Dense = weightOf(model, layer!);
  const exact = await held.toDense();
  const now = exact.map((each, at) => {
    const [row, column] = [Math.floor(at / inner), at % inner];
    return each + rounding * noise[column * out + row]! * 2 ** weight(column);
  });
  const operator = denseOf([out, inner], 'float32', now);
  const pairs = new Map([[layer!, { weight: held, operator }]]);
  const errors = await outputErrors(model, main, pairs, { calibration, multiply: product });
  return { statistics: calibration.statisticsOf(layer!), error: errors.get(layer!), opened: session.opened() };
}

const statisticsOf = ({ statistics }: Awaited<ReturnType<typeof seen>>): InputStatistics => {
  if (typeof statistics === 'string') throw new Error(statistics);
  return statistics;
};

describe('numbers of every size', async () => {
  const usual = await seen({ input: () => 0, weight: () => 0 });

  it('usual inputs are looked at once, and once more for the outputs', () => {
    expect(usual.opened).toBe(2);
    // The noise is as large as the weights, times a thousandth.
    expect(usual.error!.measured).toBeGreaterThan(5e-4);
    expect(usual.error!.measured).toBeLessThan(2e-3);
  });

  for (const [name, sizes] of Object.entries(SIZES)) {
    it(`${name} have the statistics of usual ones, scaled, and the same error`, async () => {
      const found = await seen(sizes);
      const [expected, statistics] = [statisticsOf(usual), statisticsOf(found)];
      const [before, now] = [await expected.gram(), await statistics.gram()];
      for (let i = 0; i < inner; i++) {
        const size = 2 ** sizes.input(i);
        // Numbers of 2^−135 keep 14 of 24 digits.
        expect(statistics.meanSquare[i]! / size ** 2 / expected.meanSquare[i]!).toBeCloseTo(1, 3);
        expect(statistics.meanAbs[i]! / size / expected.meanAbs[i]!).toBeCloseTo(1, 3);
        expect(statistics.largest![i]! / size / expected.largest![i]!).toBeCloseTo(1, 3);
        for (let j = 0; j < inner; j++) {
          const limit = 1e-3 * Math.sqrt(before[i * inner + i]! * before[j * inner + j]!);
          const scaled = now[i * inner + j]! / size / 2 ** sizes.input(j);
          expect(Math.abs(scaled - before[i * inner + j]!)).toBeLessThan(limit);
        }
      }
      const { predicted, measured } = found.error!;
      expect(predicted / usual.error!.predicted).toBeCloseTo(1, 2);
      expect(measured / usual.error!.measured).toBeCloseTo(1, 2);
    });
  }

  it('an output that is infinite has no error', async () => {
    expect((await seen({ input: () => 100, weight: () => 100 })).error).toBeUndefined();
  });
});
