import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { memorySource } from '../core/bytes';
import { seeded } from '../core/random';
import { createCpuBackend } from '../cpu/backend';
import { Factorisations } from '../methods/factorisations';
import { constantGraphs } from '../model/constantGraphs';
import { gaussian } from '../model/fixtures';
import { inputSpecs, inspect } from '../model/inspect';
import { readModel } from '../model/model';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { compress } from './compress';
import { checkRecipe } from './schema';

const { FLOAT, INT64 } = DataType;
const random = seeded(3);
const weight = (name: string, dims: number[]) => tensor(name, dims, gaussian(random, dims));
const inputs = [value('x', FLOAT, ['n', 32])];
const outputs = [value('y', FLOAT)];

/** So many that work on all pairs of them would not come to its end within the time limit. */
const MANY = 20_000;
const many = <T>(make: (i: number) => T): T[] => Array.from({ length: MANY }, (_, i) => make(i));

const read = (parts: Parameters<typeof modelBytes>[0]) => readModel(memorySource(modelBytes(parts), 'model.onnx'));

const quantised = async (model: Awaited<ReturnType<typeof read>>) =>
  compress(model, checkRecipe({ version: 1, steps: [{ layers: '*', method: 'quantize', options: { bits: 8 } }] }), {
    factorisations: new Factorisations(createCpuBackend(nodeRuntime())),
  });

describe('models of many nodes', () => {
  it('lose a long chain that only handed a weight on', async () => {
    const chain = many((i) => node('Identity', [i === 0 ? 'w' : `v${i - 1}`], [`v${i}`]));
    const nodes = [...chain, node('MatMul', ['x', `v${MANY - 1}`], ['y'])];
    const { model } = await quantised(await read({ inputs, outputs, nodes, initializers: [weight('w', [32, 64])] }));
    expect(model.graph.node.filter(({ opType }) => opType === 'Identity')).toEqual([]);
  });

  it('are inspected where one node reads thousands of constants', async () => {
    const names = many((i) => `c${i}`);
    const initializers = names.map((name) => tensor(name, [1, 32], new Float32Array(32)));
    const model = await read({
      inputs,
      outputs,
      nodes: [node('Concat', [...names, 'x'], ['y'], { axis: 0 })],
      initializers,
    });
    expect(inspect(model).parameters).toBe(32 * MANY);
  });

  it('may give all their nodes one name', async () => {
    const count = 1000;
    const nodes = Array.from({ length: count }, (_, i) =>
      node('MatMul', ['x', `w${i}`], [i === 0 ? 'y' : `y${i}`], {}, { name: 'fc' }),
    );
    const initializers = nodes.map((_, i) => weight(`w${i}`, [32, 32]));
    const { report } = await quantised(await read({ inputs, outputs, nodes, initializers }));
    expect(report.layers.length).toBe(count);
  });

  it('may index a table with every link of a chain', async () => {
    const links = many((i) => node('Identity', [i === 0 ? 'ids' : `v${i - 1}`], [`v${i}`]));
    const gathers = many((i) => node('Gather', ['table', `v${i}`], [i === 0 ? 'y' : `g${i}`]));
    const model = await read({
      inputs: [value('ids', INT64, ['n'])],
      outputs,
      nodes: [...links, ...gathers],
      initializers: [weight('table', [50, 32])],
    });
    expect(inputSpecs(model)[0]!.rows).toBe(50);
  });

  it('are left to the runtime where constants are computed from each other without end', async () => {
    const sums = many((i) => node('Add', [i === 0 ? 'w' : `v${i - 1}`, 'w'], [`v${i}`]));
    const uses = many((i) => node('Mul', ['x', `v${i}`], [i === 0 ? 'y' : `o${i}`]));
    const model = await read({ inputs, outputs, nodes: [...sums, ...uses], initializers: [weight('w', [32, 32])] });
    expect(constantGraphs(model.graph, true)).toEqual([]);
  });
});
