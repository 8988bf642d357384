import { expect } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { memorySource } from '../core/bytes';
import { seeded } from '../core/random';
import type { Dataset } from '../evaluation/dataset';
import { gaussian } from '../model/fixtures';
import { inputSpecs } from '../model/inspect';
import { layersOf } from '../model/layers';
import { type Model, readModel } from '../model/model';
import { scopeOf } from '../model/scopes';
import { sessionModelOf } from '../model/write';
import type { InputStatistics } from '../operators/statistics';
import type { HostTensor, Session } from '../runtime';
import { Calibration } from './calibration';

const runtime = nodeRuntime();
export const openModel = (bytes: Uint8Array<ArrayBuffer>) => readModel(memorySource(bytes, 'm.onnx'));

/** Sessions that count how often they are opened and run, and the bytes of outputs of each run. */
export function counting() {
  const runs: number[] = [];
  let opened = 0;
  const open = async (model: Model): Promise<Session> => {
    opened++;
    const session = await runtime.open(await sessionModelOf(model, runtime.externalData), 'cpu');
    return {
      ...session,
      async run(feeds) {
        const outputs = await session.run(feeds);
        runs.push(Object.values(outputs).reduce((sum, { data }) => sum + (data as Float32Array).byteLength, 0));
        return outputs;
      },
      release: () => session.release(),
    };
  };
  return { open, runs, opened: () => opened };
}

/** Samples along axis 0 of each of the model's inputs; `stacked`: each sample is a whole input. */
export const datasetOf = (model: Model, samples: number, arrays: readonly HostTensor[], stacked = false): Dataset => ({
  name: 'data.npz',
  samples,
  generated: false,
  fields: inputSpecs(model).map((input, i) => ({ input, array: arrays[i]!, stacked })),
});

export const floats = (dims: readonly number[], seed = 5): HostTensor => ({
  type: 'float32',
  dims,
  data: gaussian(seeded(seed), dims),
});

export async function collected(model: Model, dataset: Dataset, gramBytes?: number) {
  const main = scopeOf(model);
  const layers = layersOf(main);
  const session = counting();
  const calibration = new Calibration({ dataset, open: session.open }, gramBytes);
  await calibration.collect(model, main, layers);
  return { main, layers, calibration, session };
}

/** All four statistics of rows X, in float64. */
function byHand(rows: readonly (readonly number[])[]) {
  const size = rows[0]!.length;
  const mean = (of: (value: number) => number) =>
    Array.from({ length: size }, (_, j) => rows.reduce((sum, row) => sum + of(row[j]!), 0) / rows.length);
  return {
    size,
    samples: rows.length,
    meanSquare: mean((x) => x * x),
    meanAbs: mean(Math.abs),
    largest: Array.from({ length: size }, (_, j) => Math.max(...rows.map((row) => Math.abs(row[j]!)))),
    gram: Array.from({ length: size * size }, (_, at) =>
      rows.reduce((sum, row) => sum + row[Math.floor(at / size)]! * row[at % size]!, 0),
    ),
  };
}

/** float32 products and sums of up to some hundred terms of size 1: 1e−7 each, and 6e−8 for keeping H in float32. */
export async function expectStatistics(
  found: InputStatistics | string,
  rows: readonly (readonly number[])[],
  place: string,
) {
  if (typeof found === 'string') throw new Error(`${place}: ${found}`);
  const { gram, size, samples, ...vectors } = byHand(rows);
  expect([found.size, found.samples], place).toEqual([size, samples]);
  const near = (actual: ArrayLike<number>, expected: readonly number[], tolerance: number, what: string) =>
    expected.forEach((each, i) => {
      expect(Math.abs(actual[i]! - each), `${place}, ${what} ${i}`).toBeLessThanOrEqual(tolerance);
    });
  near(found.meanSquare, vectors.meanSquare, 2e-6, 'mean square');
  near(found.meanAbs, vectors.meanAbs, 2e-6, 'mean abs');
  near(found.largest!, vectors.largest, 0, 'largest');
  near(await found.gram(), gram, 2e-6 * samples, 'gram');
}

export const chunks = (values: ArrayLike<number>, width: number): number[][] =>
  Array.from({ length: values.length / width }, (_, i) =>
    Array.from({ length: width }, (_, j) => values[i * width + j]!),
  );
export const columnsOf = (rows: number[][]): number[][] => rows[0]!.map((_, j) => rows.map((row) => row[j]!));

/** Patches of one picture [channels, height, width], channel by channel, taps fastest. */
function patches(
  x: ArrayLike<number>,
  [channels, height, width]: readonly [number, number, number],
  [kh, kw]: readonly [number, number],
  { stride, before, after, dilation }: Record<'stride' | 'before' | 'after' | 'dilation', readonly [number, number]>,
): number[][] {
  const reach = [dilation[0] * (kh - 1) + 1, dilation[1] * (kw - 1) + 1] as const;
  const rows: number[][] = [];
  for (let top = -before[0]; top + reach[0] <= height + after[0]; top += stride[0]) {
    for (let left = -before[1]; left + reach[1] <= width + after[1]; left += stride[1]) {
      const row: number[] = [];
      for (let c = 0; c < channels; c++) {
        for (let i = 0; i < kh; i++) {
          for (let j = 0; j < kw; j++) {
            const [y, at] = [top + i * dilation[0], left + j * dilation[1]];
            const inside = y >= 0 && y < height && at >= 0 && at < width;
            row.push(inside ? x[(c * height + y) * width + at]! : 0);
          }
        }
      }
      rows.push(row);
    }
  }
  return rows;
}

/** The rows that a fixture's weight is applied to, for one whole input. */
export function rowsOf(name: string, x: ArrayLike<number>, dims: readonly number[]): number[][] {
  const pictures = () => chunks(x, x.length / dims[0]!);
  const plain = { dilation: [1, 1], stride: [2, 2] } as const;
  if (name.startsWith('convolution with')) {
    const geometry = { stride: [2, 1], before: [1, 2], after: [1, 2], dilation: [1, 2] } as const;
    return pictures().flatMap((picture) => patches(picture, [12, 11, 13], [3, 3], geometry));
  }
  if (name.startsWith('convolution 1×1'))
    return pictures().flatMap((picture) =>
      patches(picture, [32, 6, 6], [1, 1], { ...plain, before: [1, 1], after: [1, 1] }),
    );
  // SAME_UPPER with stride 2 over 20: 10 outputs, which reach over 9·2 + 5 = 23 entries: one before, two after.
  if (name.startsWith('convolution over one axis'))
    return pictures().flatMap((picture) =>
      patches(picture, [16, 1, 20], [1, 5], { dilation: [1, 1], stride: [1, 2], before: [0, 1], after: [0, 2] }),
    );
  const rows = chunks(x, dims.at(-1)!);
  return name.startsWith('gemm transA=1') ? columnsOf(rows) : rows;
}
