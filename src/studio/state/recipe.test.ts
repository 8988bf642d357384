import { describe, expect, it } from 'vitest';
import { checkRecipe } from '../../engine/recipe/schema';
import type { LayerReport, ModelReport } from '../../worker/protocol';
import { budgetsOf, buildRecipe, worthCompressing } from './recipe';
import type { Budget } from './types';

const layer = (id: string, name: string, weight = id, compressible = true): LayerReport => ({
  id,
  name,
  weight,
  op: 'MatMul',
  shape: [8, 4],
  parameters: 32,
  bytes: 128,
  dtype: 'float32',
  compressible,
  consumers: [name],
});
const model = (layers: LayerReport[]): ModelReport => ({
  name: 'm.onnx',
  opset: 17,
  producer: '',
  bytes: 1000,
  parameters: 100,
  layers,
  inputs: [],
  outputs: [],
  warnings: [],
});

const half: Budget = { kind: 'size', value: 0.5 };
const rank4: Budget = { kind: 'rank', value: 4 };

describe('a recipe from budgets', () => {
  const three = model([layer('1', 'q'), layer('2', 'k'), layer('3', 'v')]);
  const budgets = new Map([
    ['1', half],
    ['2', rank4],
    ['3', { ...half }],
  ]);

  it('has a step for each distinct budget, with the layers that have it', () => {
    expect(buildRecipe(three, new Set(['1', '2', '3']), budgets).steps).toEqual([
      { layers: ['q', 'v'], method: 'svd', options: { size: 0.5 } },
      { layers: ['k'], method: 'svd', options: { rank: 4 } },
    ]);
  });
  it('leaves out what is not ticked', () => {
    expect(buildRecipe(three, new Set(['2']), budgets).steps).toHaveLength(1);
  });
  it('passes the schema of the engine', () => {
    expect(() => checkRecipe(buildRecipe(three, new Set(['1', '2']), budgets))).not.toThrow();
  });
  it('calls two weights of one node by their own names', () => {
    const twins = model([layer('1', 'lstm', 'w'), layer('2', 'lstm', 'r')]);
    expect(buildRecipe(twins, new Set(['1', '2']), new Map()).steps[0].layers).toEqual(['w', 'r']);
  });
  it('comes back as the same budgets', () => {
    const recipe = buildRecipe(three, new Set(['1', '2', '3']), budgets);
    expect(budgetsOf(three, recipe, [['1', '3'], ['2']])).toEqual(budgets);
  });
});

it('a pattern over weights that stay as they are gives those no budget', () => {
  const mixed = model([layer('1', 'q'), layer('2', 'norm', 'n', false)]);
  const recipe = { version: 1, steps: [{ layers: '*', method: 'svd', options: { size: 0.5 } }] };
  expect([...budgetsOf(mixed, recipe, [['1', '2']]).keys()]).toEqual(['1']);
});

describe('what a new model begins with', () => {
  const sized = (...sizes: number[]) => sizes.map((parameters, i) => ({ ...layer(String(i), `l${i}`), parameters }));
  it('is the layers that hold the weights, without the crumbs', () => {
    expect(worthCompressing(sized(144, 6912, 1920, 1_000_000, 131_000, 2560))).toEqual(['3', '4']);
  });
  it('takes equals along, so that no block differs from its like', () => {
    expect(worthCompressing(sized(...Array(30).fill(100)))).toHaveLength(30);
  });
  it('never holds what cannot be compressed', () => {
    expect(worthCompressing([{ ...layer('1', 'n', 'n', false), parameters: 1e6 }, layer('2', 'q')])).toEqual(['2']);
  });
});
