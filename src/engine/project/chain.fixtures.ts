import { Calibration } from '../calibration/calibration';
import { memorySource } from '../core/bytes';
import { seeded } from '../core/random';
import { generateDataset } from '../evaluation/generate';
import { openModel } from '../evaluation/openModel';
import { gaussian } from '../model/fixtures';
import { inputSpecs } from '../model/inspect';
import { type Model, readModel } from '../model/model';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { checkRecipe, type Recipe } from '../recipe/schema';
import type { Runtime } from '../runtime';

export const WIDTHS = [40, 56, 48, 40, 56, 32];

export const chain = (): Promise<Model> => readModel(memorySource(chainBytes(), 'chain.onnx'));

/** A model file: layers in a chain, each with a Tanh behind it. */
export function chainBytes(seed = 9): Uint8Array<ArrayBuffer> {
  const random = seeded(seed);
  const layers = WIDTHS.slice(1).map((to, i) => ({ from: WIDTHS[i]!, to, i }));
  return modelBytes({
    nodes: layers.flatMap(({ i }) => [
      node('MatMul', [i === 0 ? 'x' : `t${i - 1}`, `w${i}`], [`y${i}`], {}, { name: `fc${i}` }),
      node('Tanh', [`y${i}`], [`t${i}`]),
    ]),
    inputs: [value('x', DataType.FLOAT, ['n', WIDTHS[0]!])],
    outputs: [value(`t${layers.length - 1}`, DataType.FLOAT, ['n', WIDTHS.at(-1)!])],
    initializers: layers.map(({ from, to, i }) => tensor(`w${i}`, [from, to], gaussian(random, [from, to]))),
  });
}

/** The recipe of these steps for all layers. */
const recipe = (...steps: (readonly [string, object])[]): Recipe =>
  checkRecipe({ version: 1, seed: 3, steps: steps.map(([method, options]) => ({ layers: '*', method, options })) });

export const RECIPES: Readonly<Record<string, Recipe>> = {
  'two steps': recipe(['svd', { size: 0.6 }], ['quantize', { bits: 8 }]),
  'a codebook that all layers share': recipe(['cluster', { values: 16, scope: 'model' }]),
  'a budget that all layers share': recipe(['prune', { sparsity: 0.6, scope: 'model' }], ['half', {}]),
  'steps that look at data': recipe(
    ['svd', { size: 0.7, whiten: 'full' }],
    ['quantize', { bits: 4, groupSize: 16, rounding: 'gptq' }],
  ),
  'neurons that are cut': recipe(['prune-structured', { size: 0.6 }], ['svd', { size: 0.7, whiten: 'full' }]),
};

/** Data that was made up, for the steps that look at some. */
export const calibrationOf = (model: Model, runtime: Runtime) =>
  new Calibration({
    dataset: generateDataset(inputSpecs(model), { samples: 64 }),
    open: (probed) => openModel(probed, runtime),
  });
