import { describe, expect, it } from 'vitest';
import { inputSpecs, inspect } from './inspect';
import { DataType, graph, int64, modelProto, node, value } from './onnx/build';
import { bytesOf, read, refusal, sound, wrapped } from './reading.fixtures';

const { FLOAT, INT64, BOOL } = DataType;

describe('graphs', () => {
  const io = { inputs: [value('x', FLOAT, [2])], outputs: [value('y', FLOAT)] };

  it.each([
    [
      'a circle',
      [node('Add', ['x', 'b'], ['a']), node('Neg', ['a'], ['b']), node('Neg', ['b'], ['y'])],
      '"[ab]" is computed from itself',
    ],
    ['itself', [node('Add', ['x', 'y'], ['y'])], '"y" is computed from itself'],
    ['one value made twice', [node('Neg', ['x'], ['y']), node('Abs', ['x'], ['y'])], '"y" is made twice'],
    ['an input that is made', [node('Neg', ['y'], ['x']), node('Neg', ['x'], ['y'])], '"x" is made twice'],
    [
      'a circle through a branch',
      [
        node('If', ['c'], ['y'], {
          then_branch: graph({ nodes: [node('Neg', ['z'], ['o'])], inputs: [], outputs: [value('o', FLOAT)] }),
        }),
        node('Neg', ['y'], ['z']),
      ],
      '"[yz]" is computed from itself',
    ],
    [
      'a Scan along more inputs than it has',
      [node('Scan', ['x'], ['y'], { num_scan_inputs: 2 ** 31 }, { name: 's' })],
      'Scan "s" goes along 2147483648 of its 1',
    ],
  ])('are refused that hold %s', async (_, nodes, message) => {
    expect(await refusal(() => read(bytesOf(modelProto({ ...io, nodes }))))).toMatch(new RegExp(message));
  });

  it('may stand in any order, and use a name once in each branch', async () => {
    const branch = (first: string, second: string) =>
      graph({
        nodes: [
          node(first, first === 'Add' ? ['x', 'x'] : ['x'], first === 'Add' ? ['a'] : ['b']),
          node(second, first === 'Add' ? ['a'] : ['b'], first === 'Add' ? ['b'] : ['a']),
          node('Gather', ['table', first === 'Add' ? 'b' : 'a'], ['out']),
        ],
        inputs: [],
        outputs: [value('out', INT64)],
      });
    const proto = modelProto({
      inputs: [value('x', INT64, ['n']), value('c', BOOL, [])],
      outputs: [value('y', INT64)],
      nodes: [
        node('If', ['go'], ['y'], {
          then_branch: branch('Identity', 'Identity'),
          else_branch: branch('Add', 'Identity'),
        }),
        node('Not', ['c'], ['go']),
      ],
      initializers: [int64('table', [5, 6, 7, 8])],
    });
    const model = await read(bytesOf(proto));
    expect(inspect(model).layers).toEqual([]);
    // x is an index of the table in the one branch, where it only passes through.
    expect(inputSpecs(model).find(({ name }) => name === 'x')?.rows).toBe(4);
  });

  it('are read as deep as ONNX Runtime reads them, and no deeper', async () => {
    const nested = (levels: number) => {
      let inner = graph({ nodes: [node('Neg', ['x'], ['o0'])], inputs: [], outputs: [value('o0', FLOAT)] });
      for (let level = 1; level <= levels; level++) {
        const outputs = [value(`o${level}`, FLOAT)];
        inner = graph({ nodes: [node('If', ['c'], [`o${level}`], { then_branch: inner })], inputs: [], outputs });
      }
      return bytesOf(modelProto({ ...io, nodes: [node('If', ['c'], ['y'], { then_branch: inner })] }));
    };
    await expect(read(nested(30))).resolves.toBeDefined();
    expect(await refusal(() => read(nested(34)))).toMatch(
      /^model\.onnx nests graphs or other messages more than 100 deep/,
    );
    // The same with so many levels that they are not decoded at all: a graph in an attribute in a node in a graph …
    let bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
    for (let level = 0; level < 2000; level++) for (const field of [6, 5, 1]) bytes = wrapped(field, bytes);
    expect(await refusal(() => read(wrapped(7, bytes)))).toMatch(/more than 100 deep/);
  });

  it('of many nodes are read in one go', async () => {
    const count = 20_000;
    const chain = Array.from({ length: count }, (_, i) =>
      node('Identity', [i === 0 ? 'w' : `v${i - 1}`], [i === count - 1 ? 'y' : `v${i}`]),
    );
    const model = await read(bytesOf(modelProto({ ...io, nodes: chain, initializers: [sound()] })));
    expect(inspect(model).layers).toEqual([]);
  });
});
