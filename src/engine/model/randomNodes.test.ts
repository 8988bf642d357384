import { describe, expect, it } from 'vitest';
import { memorySource } from '../core/bytes';
import { describeRandom } from '../evaluation/describe';
import { readModel } from './model';
import { DataType, float, graph, int64, modelBytes, node, tensor, value } from './onnx/build';
import { randomNodes } from './randomNodes';

type Parts = Parameters<typeof modelBytes>[0];

const found = async (parts: Partial<Parts>) => {
  const bytes = modelBytes({
    nodes: [],
    inputs: [value('x', DataType.FLOAT, ['n', 4])],
    outputs: [value('y', DataType.FLOAT)],
    ...parts,
  });
  return randomNodes(await readModel(memorySource(bytes, 'm.onnx')));
};
const trains = (mode: number) => tensor('mode', [], Uint8Array.of(mode), DataType.BOOL);

describe('randomNodes', () => {
  it.each([
    ['RandomNormal', [], { shape: [4] }],
    ['RandomUniform', [], { shape: [4] }],
    ['RandomNormalLike', ['x'], {}],
    ['RandomUniformLike', ['x'], {}],
    ['Multinomial', ['x'], {}],
    ['Bernoulli', ['x'], {}],
  ] as const)('finds %s', async (op, inputs, attributes) => {
    expect(await found({ nodes: [node(op, inputs, ['y'], attributes, { name: 'draw' })] })).toEqual([
      { op, name: 'draw' },
    ]);
  });

  it('finds one in a branch', async () => {
    const branch = (op: string) =>
      graph({ nodes: [node(op, ['x'], ['inner'])], inputs: [], outputs: [value('inner', DataType.FLOAT)] });
    const nodes = [
      node('If', ['c'], ['y'], { then_branch: branch('RandomNormalLike'), else_branch: branch('Identity') }),
    ];
    const random = await found({ nodes, inputs: [value('x', DataType.FLOAT, [4]), value('c', DataType.BOOL, [])] });
    expect(random).toEqual([{ op: 'RandomNormalLike', name: 'inner' }]);
    expect(describeRandom([...random, ...random, ...random, ...random])).toBe(
      'RandomNormalLike (inner), RandomNormalLike (inner), RandomNormalLike (inner) and 1 more',
    );
  });

  it('takes Dropout for random in training only', async () => {
    const dropout = (inputs: string[], mode: number) =>
      found({
        nodes: [node('Dropout', inputs, ['y'], {}, { name: 'drop' })],
        initializers: [tensor('ratio', [], Float32Array.of(0.5)), trains(mode)],
      });
    expect(await dropout(['x'], 1)).toEqual([]);
    expect(await dropout(['x', 'ratio'], 1)).toEqual([]);
    expect(await dropout(['x', 'ratio', 'mode'], 0)).toEqual([]);
    expect(await dropout(['x', 'ratio', 'mode'], 1)).toEqual([{ op: 'Dropout', name: 'drop' }]);
    expect(await dropout(['x', 'ratio', 'asked'], 1)).toEqual([{ op: 'Dropout', name: 'drop' }]);
  });

  it('takes nothing for random that can only draw one value', async () => {
    const drawn = { low: float(0), high: float(0), shape: [1] };
    expect(await found({ nodes: [node('RandomUniform', [], ['y'], drawn)] })).toEqual([]);
    expect(await found({ nodes: [node('RandomNormal', [], ['y'], { scale: float(0), shape: [1] })] })).toEqual([]);
    expect(
      await found({ nodes: [node('Range', ['a', 'a', 'a'], ['y'])], initializers: [int64('a', [1], [])] }),
    ).toEqual([]);
  });
});
