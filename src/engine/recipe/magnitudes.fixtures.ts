import { expect } from 'vitest';
import type { Backend } from '../backend/backend';
import { Calibration } from '../calibration/calibration';
import { memorySource } from '../core/bytes';
import { seeded } from '../core/random';
import type { Dataset } from '../evaluation/dataset';
import { Factorisations } from '../methods/factorisations';
import { gaussian } from '../model/fixtures';
import { inputSpecs } from '../model/inspect';
import { type Model, readModel } from '../model/model';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { floatsToHalves, halvesToFloats } from '../model/tensors';
import { sessionModelOf } from '../model/write';
import type { FloatType } from '../operators/operator';
import type { HostTensor, Runtime } from '../runtime';
import { compress } from './compress';
import { checkRecipe } from './schema';

const samples = 24;
const SHAPES = { fc: [48, 40], conv: [24, 16, 3, 3] } as const;

/** What a weight [row, column] is multiplied by. */
export type Sizing = (row: number, column: number) => number;

/**
 * A matrix and a convolution whose weights are the same but for their sizes. Their spectra fall, as those of
 * trained weights do: on flat ones every factorisation is as bad as any.
 */
function weightsOf(sizing: Sizing): Readonly<Record<keyof typeof SHAPES, Float32Array<ArrayBuffer>>> {
  const falling = (shape: readonly number[], seed: number) => {
    const columns = shape.slice(1).reduce((product, size) => product * size, 1);
    const values = gaussian(seeded(seed), shape);
    const directions = gaussian(seeded(seed + 1), [3, columns]);
    const strengths = gaussian(seeded(seed + 2), [shape[0]!, 3]);
    return values.map((noise, at) => {
      const [row, column] = [Math.floor(at / columns), at % columns];
      let sum = 0.2 * noise;
      for (let k = 0; k < 3; k++) sum += strengths[row * 3 + k]! * directions[k * columns + column]!;
      return 0.25 * sum * sizing(row, column);
    });
  };
  return { fc: falling(SHAPES.fc, 1), conv: falling(SHAPES.conv, 7) };
}

async function modelOf(sizing: Sizing, type: FloatType): Promise<Model> {
  const weights = weightsOf(sizing);
  const held = (name: keyof typeof SHAPES) =>
    type === 'float16'
      ? tensor(name, SHAPES[name], floatsToHalves(weights[name]), DataType.FLOAT16)
      : tensor(name, SHAPES[name], weights[name]);
  const of = type === 'float16' ? DataType.FLOAT16 : DataType.FLOAT;
  const bytes = modelBytes({
    opset: 17,
    nodes: [
      node('MatMul', ['x', 'fc'], ['y'], {}, { name: 'fc' }),
      node('Conv', ['image', 'conv'], ['z'], { kernel_shape: [3, 3] }, { name: 'conv' }),
    ],
    initializers: [held('fc'), held('conv')],
    inputs: [value('x', of, ['n', 48]), value('image', of, ['n', 16, 6, 6])],
    outputs: [value('y', of, ['n', 40]), value('z', of, ['n', 24, 4, 4])],
  });
  return readModel(memorySource(bytes, 'm.onnx'));
}

/** In float16 the inputs are the larger the smaller the weights are, so that outputs keep their digits. */
function dataFor(model: Model, exponent: number, type: FloatType): Dataset {
  const size = type === 'float16' ? 2 ** (-4 - Math.max(-12, Math.min(12, exponent))) : 1;
  const arrayOf = (dims: readonly number[], seed: number): HostTensor => {
    const values = gaussian(seeded(seed), dims).map((each) => each * size);
    return { type, dims, data: type === 'float16' ? floatsToHalves(values) : values };
  };
  const arrays = [arrayOf([samples, 48], 11), arrayOf([samples, 16, 6, 6], 12)];
  return {
    name: 'data.npz',
    samples,
    generated: false,
    fields: inputSpecs(model).map((input, i) => ({ input, array: arrays[i]!, stacked: false })),
  };
}

export interface Found {
  /** ‖W−Ŵ‖/‖W‖ as it is reported; undefined of a layer that was left. */
  readonly error?: number;
  /** ‖Y−Ŷ‖/‖Y‖ as onnxruntime computes both outputs, from what is stored; undefined of a layer that was left. */
  readonly output?: number;
  /** Why it was left. */
  readonly reason?: string;
}

interface Step {
  readonly method: string;
  readonly options: object;
}

/**
 * What a step or several make of the two layers with weights of about 2^exponent, or of sizes of their own; rows of the convolution
 * are its outputs, those of the matrix its inputs.
 */
export async function compressedAt(
  size: number | Sizing,
  type: FloatType,
  stack: Step | readonly Step[],
  runtime: Runtime,
  backend: Backend,
): Promise<Readonly<Record<keyof typeof SHAPES, Found>>> {
  const provider = runtime.providers.includes('cpu') ? 'cpu' : 'wasm';
  const open = async (model: Model) => runtime.open(await sessionModelOf(model, runtime.externalData), provider);
  const exponent = typeof size === 'number' ? size : 0;
  const model = await modelOf(typeof size === 'number' ? () => 2 ** size : size, type);
  const dataset = dataFor(model, exponent, type);
  const recipe = checkRecipe({ version: 1, steps: [stack].flat().map((step) => ({ layers: '*', ...step })) });
  const { model: changed, report } = await compress(model, recipe, {
    factorisations: new Factorisations(backend),
    calibration: new Calibration({ dataset, open }),
  });
  const feeds = Object.fromEntries(dataset.fields.map(({ input, array }) => [input.name, array]));
  const outputs: Readonly<Record<string, HostTensor>>[] = [];
  for (const each of [model, changed]) {
    const session = await open(each);
    outputs.push(await session.run(feeds));
    await session.release();
  }
  const numbers = ({ data }: HostTensor) =>
    data instanceof Uint16Array ? halvesToFloats(data) : (data as Float32Array<ArrayBuffer>);
  const found = (name: string, output: string): Found => {
    const reason = report.skipped.find((one) => one.name === name)?.reason;
    if (reason !== undefined) return { reason };
    const [before, after] = outputs.map((all) => numbers(all[output]!));
    return {
      error: report.layers.find((one) => one.name === name)!.weightError.measured,
      output: relativeDistance(before!, after!),
    };
  };
  return { fc: found('fc', 'y'), conv: found('conv', 'z') };
}

function relativeDistance(before: Float32Array, after: Float32Array): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < before.length; i++) {
    difference += (before[i]! - after[i]!) ** 2;
    norm += before[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}

/**
 * Powers of two that weights of about 1 are multiplied by: 1e−40, …, 1e36 in float32; in float16 from where numbers are
 * some steps of the smallest one to near the largest. `noise`: what rounding the weight itself to so small steps takes.
 */
export const SIZES: Readonly<Record<FloatType, readonly { readonly exponent: number; readonly noise: number }[]>> = {
  float32: [
    { exponent: -133, noise: 1e-4 },
    { exponent: -126, noise: 1e-6 },
    { exponent: -83, noise: 0 },
    { exponent: -45, noise: 0 },
    { exponent: 70, noise: 0 },
    { exponent: 120, noise: 0 },
  ],
  float16: [
    { exponent: -20, noise: 0.04 },
    { exponent: -15, noise: 1e-3 },
    { exponent: -10, noise: 1e-3 },
    { exponent: 8, noise: 1e-3 },
    { exponent: 14, noise: 1e-3 },
  ],
};

/**
 * Expects the error of `now` to be at most a tenth larger than the usual one: ties are broken differently at another size,
 * and ranks that are chosen by an error differ by one.
 */
export function expectAlike(usual: Found, now: Found, noise: number, what: string): void {
  if (now.reason !== undefined) {
    expect(now.reason, what).toMatch(/\w+ \w+/);
    return;
  }
  expect(usual.reason, what).toBeUndefined();
  for (const key of ['error', 'output'] as const) {
    expect(now[key], `${what}: ${key}, ${usual[key]} of the usual ones`).toBeLessThanOrEqual(
      1.1 * Math.hypot(usual[key]!, 2 * noise) + 1e-6,
    );
  }
}
