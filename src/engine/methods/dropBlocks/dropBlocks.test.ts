import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { memorySource } from '../../core/bytes';
import { seeded } from '../../core/random';
import { createCpuBackend } from '../../cpu/backend';
import type { Dataset } from '../../evaluation/dataset';
import { gaussian } from '../../model/fixtures';
import { inputSpecs } from '../../model/inspect';
import { layersIn } from '../../model/layers';
import { type Model, readModel } from '../../model/model';
import { DataType, modelBytes, node, tensor, value } from '../../model/onnx/build';
import { residualParts } from '../../model/residualParts';
import { sessionModelOf } from '../../model/write';
import { compress } from '../../recipe/compress';
import { trialSentence } from '../../recipe/report';
import { checkRecipe } from '../../recipe/schema';
import { Factorisations } from '../factorisations';

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
afterAll(() => backend.dispose());

const WIDTH = 24;
const open = async (model: Model) => runtime.open(await sessionModelOf(model, runtime.externalData), 'cpu');
const x = gaussian(seeded(9), [4, WIDTH]);
const dataset = (model: Model): Dataset => ({
  name: 'x.npz',
  samples: 4,
  generated: false,
  fields: inputSpecs(model).map((input) => ({
    input,
    array: { type: 'float32' as const, dims: [4, WIDTH], data: x },
    stacked: false,
  })),
});

interface Blocks {
  /** Blocks whose second weight is zero: they add nothing. */
  readonly idle?: readonly number[];
  /** Blocks of which a value inside is an output of the model. */
  readonly seen?: readonly number[];
  readonly count?: number;
}

/** h₀ = x, hᵢ = hᵢ₋₁ + relu(hᵢ₋₁·Aᵢ)·Bᵢ, y = h·C. */
function modelOf({ idle = [], seen = [], count = 3 }: Blocks = {}): Promise<Model> {
  const random = seeded(3);
  const blocks = Array.from({ length: count }, (_, i) => i);
  const weight = (name: string, isZero = false) =>
    tensor(name, [WIDTH, WIDTH], isZero ? new Float32Array(WIDTH * WIDTH) : gaussian(random, [WIDTH, WIDTH]));
  const at = (i: number) => (i === 0 ? 'x' : `h${i}`);
  return readModel(
    memorySource(
      modelBytes({
        inputs: [value('x', DataType.FLOAT, ['n', WIDTH])],
        outputs: [value('y', DataType.FLOAT, ['n', WIDTH]), ...seen.map((i) => value(`r${i}`, DataType.FLOAT))],
        nodes: [
          ...blocks.flatMap((i) => [
            node('MatMul', [at(i), `a${i}`], [`m${i}`], {}, { name: `block.${i}/in` }),
            node('Relu', [`m${i}`], [`r${i}`]),
            node('MatMul', [`r${i}`, `b${i}`], [`f${i}`], {}, { name: `block.${i}/out` }),
            node('Add', [at(i), `f${i}`], [`h${i + 1}`]),
          ]),
          node('MatMul', [at(count), 'c'], ['y'], {}, { name: 'head' }),
        ],
        initializers: [...blocks.flatMap((i) => [weight(`a${i}`), weight(`b${i}`, idle.includes(i))]), weight('c')],
      }),
      'blocks.onnx',
    ),
  );
}

const run = async (model: Model, layers: string | string[], steps: object[] = []) =>
  compress(model, checkRecipe({ version: 1, steps: [{ layers, method: 'drop-blocks' }, ...steps] }), {
    factorisations: new Factorisations(backend),
    trial: { dataset: () => dataset(model), open },
  });

async function outputOf(model: Model, name = 'y'): Promise<Float32Array> {
  const session = await open(model);
  const outputs = await session.run({ x: { type: 'float32', dims: [4, WIDTH], data: x } });
  await session.release();
  return outputs[name]!.data as Float32Array;
}

const partsOf = (model: Model) => {
  const { main, layers } = layersIn(model);
  return residualParts(model, main, layers);
};

describe('residual parts', () => {
  it('are found with their layers and named by their path', async () => {
    expect(
      partsOf(await modelOf()).map(({ name, kind, layers }) => [name, kind, layers.map((one) => one.name)]),
    ).toEqual([0, 1, 2].map((i) => [`block.${i}`, 'MLP', [`block.${i}/in`, `block.${i}/out`]]));
  });

  it('are none where a value inside is read by others: its layers are needed', async () => {
    const [first] = partsOf(await modelOf({ seen: [0] }));
    // Only what follows the value that is an output can go.
    expect(first!.layers.map(({ name }) => name)).toEqual(['block.0/out']);
  });
});

describe('drop-blocks', () => {
  it('leaves out a block that adds nothing, and the model computes the very same', async () => {
    const model = await modelOf({ idle: [1] });
    const { model: smaller, report } = await run(model, 'block.1/*');
    expect(report.layers.map(({ name, form, bytesAfter }) => [name, form, bytesAfter])).toEqual([
      ['block.1/in', 'dropped', 0],
      ['block.1/out', 'dropped', 0],
    ]);
    expect(report.before.parameters - report.after.parameters).toBe(2 * WIDTH ** 2);
    expect(report.trial).toEqual({ parts: true, ran: true, data: 'x.npz', generated: false });
    expect(trialSentence(report.trial!)).toBe(
      'The model without the dropped parts was tried on one sample of x.npz: it runs, and its outputs have the shapes that they had.',
    );
    expect(smaller.graph.node.map(({ opType }) => opType)).toHaveLength(model.graph.node.length - 3);
    expect(await outputOf(smaller)).toEqual(await outputOf(model));
  });

  it('gives the model that never had the blocks', async () => {
    // The weights in the order in which `modelOf` draws them.
    const random = seeded(3);
    const weights = Array.from({ length: 7 }, () => gaussian(random, [WIDTH, WIDTH]));
    const [a, b, c] = [weights[2]!, weights[3]!, weights[6]!];
    const { model: smaller } = await run(await modelOf(), ['block.0/*', 'block.2/*']);
    const times = (rows: ArrayLike<number>, matrix: Float32Array) =>
      Float64Array.from({ length: 4 * WIDTH }, (_, at) => {
        const [row, column] = [Math.floor(at / WIDTH), at % WIDTH];
        let sum = 0;
        for (let k = 0; k < WIDTH; k++) sum += rows[row * WIDTH + k]! * matrix[k * WIDTH + column]!;
        return sum;
      });
    const added = times(
      times(x, a).map((one) => Math.max(0, one)),
      b,
    );
    const expected = times(
      added.map((one, at) => one + x[at]!),
      c,
    );
    const actual = await outputOf(smaller);
    const scale = Math.max(...expected.map(Math.abs));
    // Three products of 24 terms in float32 after each other.
    for (const [at, one] of expected.entries()) expect(Math.abs(actual[at]! - one)).toBeLessThan(1e-5 * scale);
  });

  it('leaves a block of which not all layers are selected, and says so; and layers outside of blocks', async () => {
    const { report } = await run(await modelOf(), ['block.0/in', 'head']);
    expect(report.layers).toEqual([]);
    expect(report.skipped).toEqual([
      {
        name: 'block.0/in',
        reason: 'its part of the model goes as a whole, and block.0/out of it is not selected',
      },
      { name: 'head', reason: 'it lies in no part that adds to its own input' },
    ]);
  });

  it('is followed by steps on the layers that are left', async () => {
    const quantize = { layers: '*', method: 'quantize', options: { bits: 8 } };
    const { report } = await run(await modelOf({ count: 2 }), 'block.1/*', [quantize]);
    expect(report.layers.map(({ name, form }) => [name, form.split(' ')[0]])).toEqual([
      ['block.0/in', '8-bit'],
      ['block.0/out', '8-bit'],
      ['block.1/in', 'dropped'],
      ['block.1/out', 'dropped'],
      ['head', '8-bit'],
    ]);
  });
});
