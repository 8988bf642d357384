import { describe, expect, it } from 'vitest';
import { UserError } from '../core/errors';
import type { HostTensor } from '../runtime';
import { batches, fixedBatch, type InputSpec, reportDataset } from './dataset';
import { hashDataset } from './hashDataset';
import { openDataset } from './openDataset';
import { split, take } from './samples';

const image: InputSpec = { name: 'image', type: 'float32', shape: ['batch', 1, 2] };
const ids: InputSpec = { name: 'ids', type: 'int64', shape: ['batch', 'tokens'] };

const floats = (dims: number[], values: number[]): HostTensor => ({
  type: 'float32',
  dims,
  data: Float32Array.from(values),
});
const bytes = (dims: number[], values: number[]): HostTensor => ({
  type: 'uint8',
  dims,
  data: Uint8Array.from(values),
});
const open = (arrays: Record<string, HostTensor>, inputs: InputSpec[]) =>
  openDataset(new Map(Object.entries(arrays)), inputs, 'data.npz');

describe('openDataset', () => {
  it('takes any shape where the model declares none', () => {
    const dataset = open({ x: floats([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]) }, [
      { name: 'x', type: 'float32', shape: [], unranked: true },
    ]);
    const [, second] = batches(dataset, 3);
    expect(second!.feeds).toEqual({ x: floats([1, 2], [7, 8]) });
  });

  it('converts by value to the declared types, batch by batch', () => {
    const dataset = open(
      {
        image: bytes([3, 1, 2], [0, 255, 3, 4, 5, 6]),
        ids: { type: 'int32', dims: [3, 1], data: Int32Array.of(7, -8, 9) },
        half: { type: 'float64', dims: [3], data: Float64Array.of(1.5, -2, 65504) },
        flag: bytes([3], [0, 1, 2]),
        labels: bytes([3], [1, 0, 1]),
        other: floats([99], new Array(99).fill(0)),
      },
      [
        image,
        ids,
        { name: 'half', type: 'float16', shape: ['batch'] },
        { name: 'flag', type: 'bool', shape: ['batch'] },
      ],
    );
    expect(reportDataset(dataset)).toEqual({
      name: 'data.npz',
      samples: 3,
      labelled: true,
      generated: false,
      labels: 'class',
    });
    const [first, second, ...rest] = batches(dataset, 2);
    expect(rest).toEqual([]);
    expect(first).toEqual({
      start: 0,
      samples: 2,
      fed: 2,
      feeds: {
        image: floats([2, 1, 2], [0, 255, 3, 4]),
        ids: { type: 'int64', dims: [2, 1], data: BigInt64Array.of(7n, -8n) },
        half: { type: 'float16', dims: [2], data: Uint16Array.of(0x3e00, 0xc000) },
        flag: { type: 'bool', dims: [2], data: Uint8Array.of(0, 1) },
      },
      labels: Int32Array.of(1, 0),
    });
    expect(second.feeds.image).toEqual(floats([1, 1, 2], [5, 6]));
    expect(second.feeds.half.data).toEqual(Uint16Array.of(0x7bff));
    expect(second.feeds.flag.data).toEqual(Uint8Array.of(1));
    expect(second.labels).toEqual(Int32Array.of(1));
  });

  it('keeps to a fixed batch and fills the last one up with its last sample', () => {
    const values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    const dataset = open({ image: floats([6, 1, 2], values) }, [{ ...image, shape: [4, 1, 2] }]);
    const parts = [...batches(dataset, 64)];
    expect(parts.map(({ start, samples, fed }) => [start, samples, fed])).toEqual([
      [0, 4, 4],
      [4, 2, 4],
    ]);
    expect(parts[1].feeds.image).toEqual(floats([4, 1, 2], [9, 10, 11, 12, 11, 12, 11, 12]));
  });

  it('feeds whole inputs one by one where the array has one axis more', () => {
    const state: InputSpec = { name: 'state', type: 'float32', shape: [2, 1] };
    const rate: InputSpec = { name: 'rate', type: 'int64', shape: [] };
    const dataset = open(
      { image: floats([2, 1, 2], [1, 2, 3, 4]), state: floats([2, 2, 1], [5, 6, 7, 8]), rate: bytes([2], [8, 16]) },
      [image, state, rate],
    );
    expect(fixedBatch(dataset)).toBe(1);
    expect([...batches(dataset, 9)].map(({ feeds }) => feeds)).toEqual([
      {
        image: floats([1, 1, 2], [1, 2]),
        state: floats([2, 1], [5, 6]),
        rate: { type: 'int64', dims: [], data: BigInt64Array.of(8n) },
      },
      {
        image: floats([1, 1, 2], [3, 4]),
        state: floats([2, 1], [7, 8]),
        rate: { type: 'int64', dims: [], data: BigInt64Array.of(16n) },
      },
    ]);
  });

  it('reads labels per position, with ignored ones', () => {
    const labels: HostTensor = { type: 'int64', dims: [2, 2], data: BigInt64Array.of(1n, -100n, 3n, 4n) };
    const dataset = open({ ids: bytes([2, 2], [1, 2, 3, 4]), labels }, [ids]);
    expect(reportDataset(dataset).labels).toBe('position');
    expect([...batches(dataset, 1)].map((batch) => [...batch.labels!])).toEqual([
      [1, -100],
      [3, 4],
    ]);
  });

  it('takes an array called labels as an input where the model has one', () => {
    const dataset = open({ labels: bytes([2], [5, 6]) }, [{ name: 'labels', type: 'int64', shape: ['n'] }]);
    expect(dataset.labels).toBeUndefined();
    expect([...batches(dataset, 2)][0].feeds.labels.data).toEqual(BigInt64Array.of(5n, 6n));
  });

  const fit = floats([2, 1, 2], [1, 2, 3, 4]);
  it.each<[string, Record<string, HostTensor>, InputSpec[], string]>([
    [
      'another name',
      { x: bytes([2, 4], new Array(8).fill(0)), y: fit },
      [image, ids],
      'data.npz must hold arrays named like the model\'s inputs, "image" float32 [samples, 1, 2], "ids" int64 [samples, tokens]; it holds "x" uint8 [2, 4], "y" float32 [2, 1, 2].',
    ],
    [
      'one of two inputs missing',
      { image: fit },
      [image, ids],
      'data.npz must hold an array named like the model\'s inputs, "ids" int64 [samples, tokens]; it holds "image" float32 [2, 1, 2].',
    ],
    [
      'another rank',
      { image: floats([4], [1, 2, 3, 4]) },
      [image],
      'Array "image" in data.npz has shape [4], but the model needs [samples, 1, 2].',
    ],
    [
      'another size',
      { image: floats([1, 1, 4], [1, 2, 3, 4]) },
      [image],
      'Array "image" in data.npz has shape [1, 1, 4], but the model needs [samples, 1, 2].',
    ],
    [
      'unequal numbers of samples',
      { image: fit, ids: bytes([3, 1], [1, 2, 3]) },
      [image, ids],
      'data.npz has 2 samples in "image" but 3 in "ids"',
    ],
    ['no samples', { image: floats([0, 1, 2], []) }, [image], 'data.npz holds no samples'],
    ['fractions as ids', { ids: floats([1, 2], [1, 1.5]) }, [ids], 'must be int64, but holds 1.5 at element 1'],
    [
      'ids out of range',
      { ids: floats([1, 2], [1, 300]) },
      [{ ...ids, type: 'uint8' }],
      'Array "ids" in data.npz must be uint8, but holds 300 at element 1',
    ],
    [
      'fixed batches that differ',
      { image: fit, ids: bytes([2, 2], [1, 2, 3, 4]) },
      [
        { ...image, shape: [1, 1, 2] },
        { ...ids, shape: [2, 2] },
      ],
      'data.npz does not fit: "image" takes 1, "ids" takes 2 samples a run',
    ],
    [
      'labels for other samples',
      { image: fit, labels: bytes([3], [1, 2, 3]) },
      [image],
      '2 samples need [2] class ids',
    ],
    [
      'negative labels',
      { image: fit, labels: { type: 'int8', dims: [2], data: Int8Array.of(-100, -1) } },
      [image],
      'Array "labels" in data.npz holds -1 at element 1',
    ],
    ['fractions as labels', { image: fit, labels: floats([2], [0, 0.5]) }, [image], 'holds 0.5 at element 1'],
  ])('refuses %s', (_, arrays, inputs, message) => {
    expect(() => open(arrays, inputs)).toThrow(UserError);
    expect(() => open(arrays, inputs)).toThrow(message);
  });
});

describe('take', () => {
  const nine = open(
    {
      image: floats(
        [9, 1, 2],
        Array.from({ length: 18 }, (_, index) => index),
      ),
      ids: bytes(
        [9, 2],
        Array.from({ length: 18 }, (_, index) => 100 + index),
      ),
      labels: bytes([9], [0, 0, 0, 1, 1, 1, 2, 2, 2]),
    },
    [image, ids],
  );

  it('spreads evenly, so that sorted classes all come', () => {
    const three = take(nine, 3);
    expect(reportDataset(three)).toEqual({ ...reportDataset(nine), samples: 3 });
    const [batch] = batches(three, 9);
    expect(batch.feeds.image).toEqual(floats([3, 1, 2], [0, 1, 6, 7, 12, 13]));
    expect(batch.feeds.ids.data).toEqual(BigInt64Array.of(100n, 101n, 106n, 107n, 112n, 113n));
    expect([...batch.labels!]).toEqual([0, 1, 2]);
  });

  it('leaves a set alone that is small enough, and the one it takes from in any case', () => {
    expect(take(nine, 9)).toBe(nine);
    take(nine, 2);
    expect(nine.samples).toBe(9);
    expect(nine.fields[0].array.data).toHaveLength(18);
  });

  it('keeps the labels of every position, and strings', () => {
    const words: HostTensor = { type: 'string', dims: [4, 1], data: ['a', 'b', 'c', 'd'] };
    const labels = bytes([4, 2], [0, 1, 2, 3, 4, 5, 6, 7]);
    const two = take(open({ words, labels }, [{ name: 'words', type: 'string', shape: ['n', 1] }]), 2);
    const [batch] = batches(two, 4);
    expect(batch.feeds.words.data).toEqual(['a', 'c']);
    expect([...batch.labels!]).toEqual([0, 1, 4, 5]);
  });
});

describe('split', () => {
  const numbered = (samples: number) =>
    open(
      {
        image: floats(
          [samples, 1, 2],
          Array.from({ length: 2 * samples }, (_, i) => i >> 1),
        ),
      },
      [image],
    );
  const numbersIn = ({ fields, samples }: typeof nothing) =>
    Array.from({ length: samples }, (_, i) => (fields[0].array.data as Float32Array)[2 * i]!);
  const nothing = numbered(2);

  it('keeps a quarter apart, spread evenly, and loses no sample', () => {
    const { calibration, evaluation } = split(numbered(10));
    expect(numbersIn(calibration)).toEqual([0, 5]);
    expect(numbersIn(evaluation)).toEqual([1, 2, 3, 4, 6, 7, 8, 9]);
    expect([calibration.of, evaluation.of]).toEqual([10, 10]);
    // A part of a part is still a part of the whole.
    expect(take(evaluation, 3).of).toBe(10);
  });

  it('takes 256 samples at most, and always one', () => {
    const { calibration, evaluation } = split(numbered(3000));
    expect([calibration.samples, evaluation.samples]).toEqual([256, 2744]);
    expect(Math.max(...numbersIn(calibration))).toBeGreaterThan(2980);
    expect(split(nothing).calibration.samples).toBe(1);
    expect(() => split(numbered(1))).toThrow(/holds one sample, but calibrating and evaluating need at least one each/);
  });

  it('has a hash of the samples, whichever file they come from, that tells the shares apart', () => {
    const once = split(numbered(10));
    const again = split(numbered(10));
    expect(hashDataset(once.calibration)).toBe(hashDataset(again.calibration));
    expect(hashDataset(once.calibration)).not.toBe(hashDataset(once.evaluation));
    expect(hashDataset(once.calibration)).toMatch(/^[0-9a-f]{64}$/);
  });
});
