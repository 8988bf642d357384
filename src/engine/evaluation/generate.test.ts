import { describe, expect, it } from 'vitest';
import { UserError } from '../core/errors';
import { batches, fixedBatch, type InputSpec, reportDataset } from './dataset';
import { type GenerateOptions, generateDataset } from './generate';
import { openDataset } from './openDataset';

const feedsOf = (inputs: readonly InputSpec[], options?: GenerateOptions) =>
  [...batches(generateDataset(inputs, options), 1e9)][0].feeds;
const dimsOf = (inputs: readonly InputSpec[]) =>
  Object.fromEntries(Object.entries(feedsOf(inputs, { samples: 4 })).map(([name, { dims }]) => [name, dims]));

describe('generateDataset', () => {
  it('feeds a text encoder what it can take', () => {
    const symbols = ['batch_size', 'sequence_length'];
    const inputs: InputSpec[] = [
      { name: 'input_ids', type: 'int64', shape: symbols, rows: 100 },
      { name: 'attention_mask', type: 'int64', shape: symbols },
      { name: 'token_type_ids', type: 'int64', shape: symbols, rows: 2 },
      { name: 'position_ids', type: 'int64', shape: symbols, rows: 20 },
    ];
    const { input_ids, attention_mask, token_type_ids, position_ids } = feedsOf(inputs, { samples: 4 });
    expect(input_ids.dims).toEqual([4, 32]);
    const ids = [...(input_ids.data as BigInt64Array)].map(Number);
    expect(Math.min(...ids)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...ids)).toBeLessThan(100);
    // 128 draws from 100 rows give 72 different ones on average, with a standard deviation of about 3.
    expect(new Set(ids).size).toBeGreaterThan(55);
    expect(new Set(attention_mask.data as BigInt64Array)).toEqual(new Set([1n]));
    expect(new Set(token_type_ids.data as BigInt64Array)).toEqual(new Set([0n]));
    const positions = [...(position_ids.data as BigInt64Array)].map(Number);
    expect(positions.slice(30, 36)).toEqual([10, 11, 0, 1, 2, 3]);
  });

  it('draws floats from N(0, 1), whole numbers without a table from 0 and 1, and bools as true', () => {
    const inputs: InputSpec[] = [
      { name: 'x', type: 'float32', shape: ['batch', 2000] },
      { name: 'n', type: 'int32', shape: ['batch', 50] },
      { name: 'flag', type: 'bool', shape: ['batch'] },
      { name: 'mask', type: 'float32', shape: ['batch', 3] },
    ];
    const { x, n, flag, mask } = feedsOf(inputs, { samples: 5 });
    const values = [...(x.data as Float32Array)];
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    // Five standard errors of 10,000 draws: 5/√10⁴ for the mean, 5·√2/√10⁴ for the variance.
    expect(Math.abs(mean)).toBeLessThan(0.05);
    expect(Math.abs(variance - 1)).toBeLessThan(0.071);
    expect(new Set(n.data as Int32Array)).toEqual(new Set([0, 1]));
    expect([...(flag.data as Uint8Array)]).toEqual([1, 1, 1, 1, 1]);
    expect(new Set(mask.data as Float32Array)).toEqual(new Set([1]));
  });

  it('is the same for the same seed, and only then', () => {
    const input: InputSpec = { name: 'x', type: 'float32', shape: ['n', 8] };
    expect(feedsOf([input], { seed: 3 })).toEqual(feedsOf([input], { seed: 3 }));
    expect(feedsOf([input], { seed: 4 }).x.data).not.toEqual(feedsOf([input], { seed: 3 }).x.data);
  });

  it.each<[string, InputSpec[], Record<string, number[]>]>([
    ['a fixed batch', [{ name: 'x', type: 'float32', shape: [1, 320, 320, 4] }], { x: [1, 320, 320, 4] }],
    ['a named image', [{ name: 'x', type: 'float32', shape: ['N', 3, 'height', 'width'] }], { x: [4, 3, 64, 64] }],
    [
      'an image with nameless dimensions',
      [{ name: 'x', type: 'float32', shape: ['p2o.Dim.0', 3, 48, 'p2o.Dim.1'] }],
      { x: [4, 3, 48, 64] },
    ],
    ['channels last', [{ name: 'x', type: 'uint8', shape: ['', '', '', 3] }], { x: [4, 64, 64, 3] }],
    ['channels unknown', [{ name: 'x', type: 'float32', shape: ['', '', '', ''] }], { x: [4, 3, 64, 64] }],
    [
      'batch dimensions of different names',
      [
        { name: 'a', type: 'float32', shape: ['unk__1', 5] },
        { name: 'b', type: 'float32', shape: ['unk__2', 7] },
      ],
      { a: [4, 5], b: [4, 7] },
    ],
    [
      'a recurrent state, batch second: one sample a run',
      [
        { name: 'x', type: 'float32', shape: ['batch', 80] },
        { name: 'h', type: 'float32', shape: [2, 'batch', 16] },
      ],
      { x: [1, 80], h: [2, 1, 16] },
    ],
    [
      'a scalar: one sample a run',
      [
        { name: 'x', type: 'float32', shape: ['batch', 'sequence'] },
        { name: 'sr', type: 'int64', shape: [] },
      ],
      { x: [1, 32], sr: [] },
    ],
    [
      'a decoder with a cache',
      [
        { name: 'ids', type: 'int64', shape: ['batch', 'sequence_length'], rows: 9 },
        { name: 'attention_mask', type: 'int64', shape: ['batch', 'past_sequence_length + sequence_length'] },
        { name: 'past.0.key', type: 'float32', shape: ['batch', 2, 'past_sequence_length', 8] },
      ],
      { ids: [4, 32], attention_mask: [4, 48], 'past.0.key': [4, 2, 16, 8] },
    ],
  ])('knows the sizes of %s', (_, inputs, expected) => {
    expect(dimsOf(inputs)).toEqual(expected);
  });

  it('says that it is made up, and takes fewer samples of large inputs', () => {
    const small = generateDataset([{ name: 'x', type: 'float32', shape: ['n', 8] }]);
    expect(reportDataset(small)).toEqual({
      name: 'generated',
      samples: 32,
      labelled: false,
      generated: true,
      shapes: { x: [1, 8] },
    });
    const large = generateDataset([{ name: 'x', type: 'float32', shape: [1, 3, 640, 640] }]);
    expect(large.samples).toBe(6);
    expect(fixedBatch(large)).toBe(1);
  });

  it('makes up nothing that no machine holds', () => {
    const wide: InputSpec = { name: 'x', type: 'float32', shape: ['n', 2 ** 40] };
    const tall: InputSpec = { name: 'x', type: 'float32', shape: [2 ** 40, 2] };
    for (const input of [wide, tall]) {
      expect(() => generateDataset([input])).toThrow(UserError);
      expect(() => generateDataset([input])).toThrow(/^Input "x" takes \[.*\] numbers, too many to make up/);
    }
    const array = { type: 'float32', dims: [3, 2], data: new Float32Array(6) } as const;
    expect(() => openDataset(new Map([['x', array]]), [tall], 'd.npz')).toThrow('d.npz cannot be run: "x" takes');
  });

  it('cannot make up text', () => {
    const text: InputSpec = { name: 'review', type: 'string', shape: ['n'] };
    expect(() => generateDataset([text])).toThrow(UserError);
    expect(() => generateDataset([text])).toThrow('Input "review" takes text');
    for (const [type, what] of [
      ['bfloat16', 'bfloat16 numbers'],
      ['type 0', 'no plain tensor'],
    ])
      expect(() => generateDataset([{ name: 'x', type: type as 'float32', shape: [1] }])).toThrow(
        `Input "x" takes ${what}, which cannot be fed here`,
      );
    expect(() => generateDataset([{ name: 'x', type: 'float32', shape: [], unranked: true }])).toThrow(
      'Input "x" declares no shape',
    );
  });
});
