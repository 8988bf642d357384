import { create, toBinary } from '@bufbuild/protobuf';
import { GraphProtoSchema, ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { Calibration } from '../calibration/calibration';
import { memorySource } from '../core/bytes';
import { seeded } from '../core/random';
import { createCpuBackend } from '../cpu/backend';
import { openDataset } from '../evaluation/openDataset';
import { Factorisations } from '../methods/factorisations';
import { gaussian } from '../model/fixtures';
import { inputSpecs, inspect } from '../model/inspect';
import { type Model, readModel } from '../model/model';
import { DataType, modelProto, node, tensor, value } from '../model/onnx/build';
import { sessionModelOf } from '../model/write';
import type { HostTensor } from '../runtime';
import { compress } from './compress';
import { expectEveryMethod, STEPS } from './everyMethod.fixtures';
import { checkRecipe } from './schema';

const runtime = nodeRuntime();
const factorisations = new Factorisations(createCpuBackend(runtime));
const open = async (model: Model) => runtime.open(await sessionModelOf(model, runtime.externalData), 'cpu');
const random = seeded(4);
const weight = (name: string, dims: number[]) => tensor(name, dims, gaussian(random, dims));
const { FLOAT } = DataType;

const read = (parts: Parameters<typeof modelProto>[0], irVersion?: bigint): Promise<Model> => {
  const proto = modelProto(parts);
  if (irVersion !== undefined) proto.irVersion = irVersion;
  return readModel(memorySource(toBinary(ModelProtoSchema, create(ModelProtoSchema, proto)), 'm.onnx'));
};

async function outputs(model: Model, feeds: Readonly<Record<string, HostTensor>>): Promise<number[]> {
  const session = await open(model);
  try {
    return Object.values(await session.run(feeds)).flatMap(({ data }) => Array.from(data as Float32Array, Number));
  } finally {
    await session.release();
  }
}

/** With inputs in place of these defaults: onnxruntime's JavaScript interfaces feed a default's input only where there is none. */
function withoutDefaults(model: Model, names: readonly string[]): Model {
  const initializer = model.graph.initializer.filter(({ name }) => !names.includes(name));
  const graph = Object.assign(create(GraphProtoSchema), model.graph, { initializer });
  return { ...model, graph, proto: Object.assign(create(ModelProtoSchema), model.proto, { graph }) };
}

const farness = (a: readonly number[], b: readonly number[]): number =>
  Math.hypot(...a.map((x, i) => x - b[i]!)) / Math.hypot(...b);

/** Runs every method on all layers, with data where it wants some. */
async function everyMethod(model: Model, dims: number[], type: 'float32' | 'int64', each: Each): Promise<void> {
  expectEveryMethod();
  const data = type === 'int64' ? BigInt64Array.from({ length: 16 }, (_, i) => BigInt(i)) : gaussian(random, dims);
  const samples = { x: { type, dims: [type === 'int64' ? 16 : dims[0]!, ...dims.slice(1)], data } } as const;
  const dataset = openDataset(new Map(Object.entries(samples)), inputSpecs(model), 'data.npz');
  for (const step of STEPS) {
    const recipe = checkRecipe({ version: 1, steps: [{ layers: '*', ...step }] });
    const calibration = new Calibration({ dataset, open });
    const { report, model: changed } = await compress(model, recipe, { factorisations, calibration });
    // JSON has no NaN: it would be null.
    expect(JSON.stringify(report)).not.toContain('null');
    await each(changed, report, JSON.stringify(step));
  }
}
type Each = (changed: Model, report: Awaited<ReturnType<typeof compress>>['report'], what: string) => Promise<void>;

describe('an initializer that callers may override', () => {
  const twoLayers = (irVersion: bigint, also: readonly string[]) => {
    const w1 = weight('w1', [48, 64]);
    const [b1, w2] = [weight('b1', [64]), weight('w2', [64, 40])];
    const declared = { w1: [48, 64], b1: [64], w2: [64, 40] } as Record<string, number[]>;
    return read(
      {
        opset: 13,
        inputs: [value('x', FLOAT, ['n', 48]), ...also.map((name) => value(name, FLOAT, declared[name]!))],
        outputs: [value('y', FLOAT)],
        nodes: [
          node('Gemm', ['x', 'w1', 'b1'], ['h'], {}, { name: 'first' }),
          node('Relu', ['h'], ['r'], {}, { name: 'relu' }),
          node('MatMul', ['r', 'w2'], ['y'], {}, { name: 'second' }),
        ],
        initializers: [w1, b1, w2],
      },
      irVersion,
    );
  };
  const x: HostTensor = { type: 'float32', dims: [5, 48], data: gaussian(seeded(8), [5, 48]) };

  it('is left by every method with that reason, stays an input, and can still be overridden', async () => {
    const model = await twoLayers(8n, ['w1']);
    const [first, second] = inspect(model).layers;
    expect(first).toMatchObject({
      name: 'first',
      compressible: false,
      reason: expect.stringMatching(/^also an input/),
    });
    expect(second).toMatchObject({ name: 'second', compressible: true });
    const w1: HostTensor = { type: 'float32', dims: [48, 64], data: gaussian(seeded(9), [48, 64]) };
    // The compressed model with w1 given is near the original with w1 given, and far from what the default gives.
    const given = (one: Model) => outputs(withoutDefaults(one, ['w1']), { x, w1 });
    const [expected, byDefault] = [await given(model), await outputs(model, { x })];
    await everyMethod(model, [16, 48], 'float32', async (changed, report, what) => {
      const { reason } = report.skipped.find(({ name }) => name === 'first')!;
      expect(reason, what).toMatch(/^also an input of the graph/);
      expect(changed.graph.input.map(({ name }) => name)).toEqual(['x', 'w1']);
      const actual = await given(changed);
      // How good a method is at half the size is not the matter here: random weights are the worst there are.
      expect(farness(actual, expected), what).toBeLessThan(0.95);
      expect(farness(actual, expected), what).toBeLessThan(farness(actual, byDefault));
      expect(farness(actual, await outputs(changed, { x })), what).toBeGreaterThan(0.3);
    });
  });

  it('is no constant to structured pruning either: not as a bias', async () => {
    const model = await twoLayers(8n, ['b1']);
    const recipe = checkRecipe({
      version: 1,
      steps: [{ layers: '*', method: 'prune-structured', options: { size: 0.5 } }],
    });
    const { report } = await compress(model, recipe, { factorisations });
    expect(report.skipped.find(({ name }) => name === 'first')?.reason).toMatch(
      /the bias of first is computed|is an input/,
    );
    expect(report.layers).toEqual([]);
  });

  it('of IR version 3 is compressed, as there every initializer has to be an input', async () => {
    const model = await twoLayers(3n, ['w1', 'b1', 'w2']);
    expect(inspect(model).layers.every(({ compressible }) => compressible)).toBe(true);
    const expected = await outputs(model, { x });
    const recipe = checkRecipe({ version: 1, steps: [{ layers: '*', method: 'quantize', options: { bits: 8 } }] });
    const { report, model: changed } = await compress(model, recipe, { factorisations });
    expect(report.layers).toHaveLength(2);
    // 8 bits: steps of 1/127 of a group's largest weight, .5 % of a Gaussian weight's size; two layers.
    expect(farness(await outputs(changed, { x }), expected)).toBeLessThan(0.015);
  });

  it('that is the table of a Gather, behind a Transpose or a Cast, is left as well', async () => {
    const model = await read({
      opset: 13,
      inputs: [value('x', DataType.INT64, ['n']), value('table', FLOAT, [100, 24]), value('turned', FLOAT, [60, 24])],
      outputs: [value('y', FLOAT)],
      nodes: [
        node('Gather', ['table', 'x'], ['e'], {}, { name: 'embed' }),
        node('Transpose', ['turned'], ['w'], { perm: [1, 0] }),
        node('MatMul', ['e', 'w'], ['y'], {}, { name: 'fc' }),
      ],
      initializers: [weight('table', [100, 24]), weight('turned', [60, 24])],
    });
    expect(inspect(model).layers.map(({ name, reason }) => [name, reason])).toEqual([
      ['embed', expect.stringMatching(/^also an input/)],
      ['fc', expect.stringMatching(/^also an input/)],
    ]);
    await everyMethod(model, [16], 'int64', async (changed, report) => {
      expect(report.layers).toEqual([]);
      expect(changed.graph.input).toHaveLength(3);
    });
  });
});

describe('a weight of a type that is not handled is used by no method', () => {
  const upper = (values: Float32Array) =>
    Uint16Array.from(new Uint32Array(values.slice().buffer), (bits) => bits >>> 16);
  const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => 0x38 + (i % 7));
  /** The first of two layers is stored as another type, and cast to float32 where the operator wants that. */
  const kinds = {
    float64: { type: DataType.DOUBLE, of: (values: Float32Array) => Float64Array.from(values), math: DataType.DOUBLE },
    bfloat16: { type: DataType.BFLOAT16, of: upper, math: FLOAT },
    float8e4m3fn: { type: DataType.FLOAT8E4M3FN, of: ({ length }: Float32Array) => bytes(length), math: FLOAT },
    int32: { type: DataType.INT32, of: (values: Float32Array) => Int32Array.from(values, (w) => 9 * w), math: FLOAT },
  } as const;
  for (const [name, { type, of, math }] of Object.entries(kinds)) {
    it(`${name}`, async () => {
      const w1 = tensor('w1', [48, 64], of(gaussian(random, [48, 64])), type);
      const model = await read({
        opset: 19,
        inputs: [value('x', FLOAT, ['n', 48])],
        outputs: [value('y', FLOAT)],
        nodes: [
          node('Cast', ['x'], ['xc'], { to: math }),
          ...(type === math ? [] : [node('Cast', ['w1'], ['wc'], { to: math })]),
          node('MatMul', ['xc', type === math ? 'w1' : 'wc'], ['h'], {}, { name: 'fc1' }),
          node('Cast', ['h'], ['hc'], { to: FLOAT }),
          node('Relu', ['hc'], ['r']),
          node('MatMul', ['r', 'w2'], ['y'], {}, { name: 'fc2' }),
        ],
        initializers: [w1, weight('w2', [64, 40])],
      });
      const listed = inspect(model).layers.find((layer) => layer.name === 'fc1');
      expect(listed?.compressible ?? false).toBe(false);
      const x: HostTensor = { type: 'float32', dims: [5, 48], data: gaussian(seeded(8), [5, 48]) };
      const expected = await outputs(model, { x });
      await everyMethod(model, [16, 48], 'float32', async (changed, report, what) => {
        expect(
          report.layers.map((layer) => layer.name),
          what,
        ).not.toContain('fc1');
        const left = report.skipped.find((layer) => layer.name === 'fc1');
        if (listed) expect(left?.reason, what).toBe(listed.reason);
        if (listed && name !== 'int32') expect(left?.reason).toContain(name);
        expect(farness(await outputs(changed, { x }), expected), what).toBeLessThan(0.95);
      });
    });
  }
});
