import { nodeRuntime } from '../../runtime/node';
import { Calibration } from '../calibration/calibration';
import { whyUnseen } from '../calibration/consumers';
import { memorySource } from '../core/bytes';
import { type Random, seeded } from '../core/random';
import { fromNumbers } from '../evaluation/convert';
import type { Dataset } from '../evaluation/dataset';
import { type Control, controlsOf } from '../methods/options';
import { methods } from '../methods/registry';
import { inputSpecs } from '../model/inspect';
import { type Layer, layersIn, type ModelLayers } from '../model/layers';
import { type Model, opsetOf, readModel } from '../model/model';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { floatsToHalves } from '../model/tensors';
import { sessionModelOf } from '../model/write';
import type { FloatType } from '../operators/operator';
import type { HostTensor } from '../runtime';
import type { PlannedLayer, StackStep } from './plan';

const runtime = nodeRuntime();

/** A small model of one layer, or of two where units can be cut, with data for it. */
export interface TestModel {
  readonly given: ModelLayers;
  readonly layer: Layer;
  readonly planned: PlannedLayer;
  readonly calibration: Calibration;
}

const KINDS = [
  'Gemm',
  'MatMul',
  'MatMul, weight on the left',
  'Conv',
  'Conv 1×1',
  'Conv in groups',
  'Conv in time',
  'ConvTranspose',
  'Gather',
  'two Gemms',
  'two Convs',
] as const;

/**
 * How values lie decides what spectra, codebooks and thresholds find. Models before opset 11 have the first only: their
 * sparse weights fill up each row to the fullest one, which plans expect as if places were drawn at random.
 */
const VALUES: readonly ((random: Random, rows: number, columns: number) => Float32Array)[] = [
  (random, rows, columns) => Float32Array.from({ length: rows * columns }, () => random.normal()),
  // Rows that fall in size, as in a layer that compresses well.
  (random, rows, columns) =>
    Float32Array.from({ length: rows * columns }, (_, i) => random.normal() * 0.8 ** Math.floor(i / columns)),
  // Few distinct values. None is zero: a step that prunes stores less than planned of a weight that has zeros already.
  (random, rows, columns) => Float32Array.from({ length: rows * columns }, () => [-1, 0.5, 1][random.below(3)]!),
  // A few large weights.
  (random, rows, columns) =>
    Float32Array.from({ length: rows * columns }, () => random.normal() * (random.uniform() < 0.01 ? 40 : 1)),
  // Of rank 2, but for a little.
  (random, rows, columns) => {
    const [a, b] = [rows, columns].map((length) => Float64Array.from({ length: 2 * length }, () => random.normal()));
    return Float32Array.from({ length: rows * columns }, (_, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      return a![2 * row]! * b![2 * column]! + a![2 * row + 1]! * b![2 * column + 1]! + 0.001 * random.normal();
    });
  },
];

/** The models that stacks are tried on: every kind of layer, stored in either float type, of several versions of ONNX. */
export async function testModels(count: number, seed: number): Promise<TestModel[]> {
  const found: TestModel[] = [];
  for (let at = 0; found.length < count; at++) {
    const made = await testModel(KINDS[at % KINDS.length]!, seeded(seed + at));
    if (made) found.push(made);
  }
  return found;
}

async function testModel(kind: (typeof KINDS)[number], random: Random): Promise<TestModel | undefined> {
  const pick = <T>(choices: readonly T[]): T => choices[random.below(choices.length)]!;
  const type = pick(['float32', 'float32', 'float16'] as const);
  const opset = pick([9, 13, 17, 21]);
  const data = type === 'float16' ? DataType.FLOAT16 : DataType.FLOAT;
  const size = () => 12 + random.below(40);
  const weight = (name: string, dims: readonly number[]) => {
    const [rows, ...rest] = dims as [number, ...number[]];
    const values = pick(VALUES)(
      random,
      rows,
      rest.reduce((product, each) => product * each, 1),
    );
    return tensor(name, [...dims], type === 'float16' ? floatsToHalves(values) : values, data);
  };
  const [out, inner, samples] = [size(), size(), 24];
  const few = () => 8 + random.below(16);
  const model = () => {
    switch (kind) {
      case 'Gemm': {
        const transB = random.below(2);
        const w = weight('w', transB ? [out, inner] : [inner, out]);
        return {
          nodes: [node('Gemm', ['x', 'w', 'b'], ['y'], { transB })],
          x: [samples, inner],
          weights: [w, weight('b', [out])],
        };
      }
      case 'MatMul':
        return {
          nodes: [node('MatMul', ['x', 'w'], ['y'])],
          x: [samples, inner],
          weights: [weight('w', [inner, out])],
        };
      case 'MatMul, weight on the left':
        return {
          nodes: [node('MatMul', ['w', 'x'], ['y'])],
          x: [inner, samples],
          weights: [weight('w', [out, inner])],
        };
      case 'Conv':
        return convolution([
          few(),
          few(),
          ...pick([
            [3, 3],
            [2, 3],
            [5, 5],
          ]),
        ]);
      case 'Conv 1×1':
        return convolution([out, inner, 1, 1]);
      case 'Conv in groups':
        return convolution([4 * (4 + random.below(8)), 4 + random.below(8), 3, 3], pick([2, 4]));
      case 'Conv in time':
        return convolution([few(), few(), 3]);
      case 'ConvTranspose': {
        const w = weight('w', [few(), few(), 3, 3]);
        return { nodes: [node('ConvTranspose', ['x', 'w'], ['y'])], x: [1, Number(w.dims[0]), 4, 4], weights: [w] };
      }
      case 'Gather':
        return { nodes: [node('Gather', ['w', 'x'], ['y'])], x: [samples], weights: [weight('w', [2 * out, inner])] };
      case 'two Gemms': {
        const hidden = size();
        return {
          nodes: [
            node('Gemm', ['x', 'w', 'b'], ['h'], { transB: 1 }, { name: 'first' }),
            node('Relu', ['h'], ['r']),
            node('Gemm', ['r', 'v', 'c'], ['y'], { transB: 1 }),
          ],
          x: [samples, inner],
          weights: [
            weight('w', [hidden, inner]),
            weight('b', [hidden]),
            weight('v', [out, hidden]),
            weight('c', [out]),
          ],
        };
      }
      case 'two Convs': {
        const [first, hidden] = [few(), few()];
        return {
          nodes: [
            node('Conv', ['x', 'w'], ['h'], {}, { name: 'first' }),
            node('Relu', ['h'], ['r']),
            node('Conv', ['r', 'v'], ['y']),
          ],
          x: [2, first, 7, 7],
          weights: [weight('w', [hidden, first, 3, 3]), weight('v', [few(), hidden, 3, 3])],
        };
      }
    }
  };
  function convolution(dims: readonly number[], group = 1) {
    const kernel = dims.slice(2);
    const nodes = [node('Conv', ['x', 'w'], ['y'], group > 1 ? { group } : {})];
    return { nodes, x: [2, dims[1]! * group, ...kernel.map((each) => each + 3)], weights: [weight('w', dims)] };
  }
  const { nodes, x, weights } = model();
  const isIndex = kind === 'Gather';
  const bytes = modelBytes({
    nodes,
    inputs: [value('x', isIndex ? DataType.INT64 : data, x)],
    outputs: [value('y', data)],
    initializers: weights,
    opset,
  });
  const read = await readModel(memorySource(bytes, 'm.onnx'));
  const given = layersIn(read);
  const layer = given.layers.find(({ weight }) => weight === 'w');
  if (!layer?.compressible) return undefined;
  const { shape, op, dtype } = layer;
  const noInput = whyUnseen(layer, given.main);
  const planned = { shape, op, opset: opsetOf(read), type: dtype as FloatType, noInput };
  const count = x.reduce((product, each) => product * each, 1);
  const feed: HostTensor = isIndex
    ? { type: 'int64', dims: x, data: BigInt64Array.from({ length: count }, () => BigInt(random.below(2 * out))) }
    : {
        type,
        dims: x,
        data: fromNumbers(
          Float32Array.from({ length: count }, () => random.normal()),
          type,
        ),
      };
  const dataset: Dataset = {
    name: 'feeds',
    samples: 1,
    generated: true,
    fields: inputSpecs(read).map((input) => ({ input, array: { ...feed, dims: [1, ...feed.dims] }, stacked: true })),
  };
  const open = async (opened: Model) => runtime.open(await sessionModelOf(opened, runtime.externalData), 'cpu');
  return { given, layer, planned, calibration: new Calibration({ dataset, open }) };
}

/** One to four steps of any methods. */
export const randomStack = (random: Random): StackStep[] =>
  Array.from({ length: 1 + random.below(4) }, () => randomStep(random));

function randomStep(random: Random): StackStep {
  const method = methods[random.below(methods.length)]!;
  const controls = controlsOf(method.options);
  for (;;) {
    const options = randomOptions(controls, random);
    const checked = method.options.safeParse(options);
    if (checked.success) return { method: method.name, options: checked.data };
  }
}

/** Options as a form could give them: one of each group, and of the others each as often as not. */
function randomOptions(controls: readonly Control[], random: Random): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  const groups = new Set(controls.flatMap(({ group }) => group ?? []));
  const chosen = [...groups].map((group) => {
    const members = controls.filter((control) => control.group === group);
    return members[random.below(members.length)]!;
  });
  const isGiven = ({ optional, whole }: Control) => !optional || whole || random.uniform() < 0.5;
  const others = controls.filter((control) => control.group === undefined && isGiven(control));
  for (const control of [...others, ...chosen]) options[control.key] = randomValue(control, random);
  return options;
}

function randomValue({ kind, values, whole, least = 0, most, range }: Control, random: Random): unknown {
  if (kind === 'choice') return values![random.below(values!.length)];
  if (kind === 'toggle') return random.uniform() < 0.5;
  if (kind === 'list') return Array.from({ length: 1 + random.below(3) }, () => 1 + random.below(8));
  if (!whole) return least + (Math.min(1, most ?? 1) - least) * (0.02 + 0.96 * random.uniform());
  // Small numbers as often as large ones.
  const [low, high] = [Math.max(1, least), Math.min(most ?? 64, range?.[1] ?? 64, 64)];
  return Math.max(least, Math.round(low * (high / low) ** random.uniform()));
}
