import { describe, expect, it } from 'vitest';
import { isGraphMethod } from '../../engine/methods/method';
import { methods } from '../../engine/methods/registry';
import type { LayerReport, ModelReport } from '../../engine/project/engine';
import { checkRecipe } from '../../engine/recipe/schema';
import { buildRecipe, GRAPH_METHODS, peersOf, settingsOf, stackKey, stacksOf, worthCompressing } from './recipe';
import type { Stack } from './types/stacks';

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
  others: [],
  inputs: [],
  outputs: [],
});

const half: Stack = [{ method: 'svd', options: { size: 0.5 } }];
const three: Stack = [
  { method: 'svd', options: { rank: 4 } },
  { method: 'half', options: {} },
  { method: 'svd', options: { size: 0.9 } },
];

describe('a recipe from stacks', () => {
  const layers = model([layer('1', 'q'), layer('2', 'k'), layer('3', 'v')]);
  const stacks = new Map([
    ['1', half],
    ['2', three],
    ['3', [{ method: 'svd', options: { size: 0.5 } }]],
  ]);
  const all = new Set(['1', '2', '3']);

  it('has the steps of each distinct stack in order, with the layers that have it', () => {
    expect(buildRecipe(layers, all, stacks).steps).toEqual([
      { layers: ['q', 'v'], method: 'svd', options: { size: 0.5 } },
      { layers: ['k'], method: 'svd', options: { rank: 4 } },
      { layers: ['k'], method: 'half', options: {} },
      { layers: ['k'], method: 'svd', options: { size: 0.9 } },
    ]);
  });
  it('cuts units before other stacks rewrite what is cut, but keeps the order within a stack', () => {
    const cut = { method: 'prune-structured', options: { size: 0.5 } };
    const given = new Map<string, Stack>([
      ['1', [{ method: 'half', options: {} }]],
      ['2', [cut, ...half]],
      ['3', [...half, cut]],
    ]);
    const steps = buildRecipe(layers, all, given).steps.map(({ layers: on, method }) => `${on} ${method}`);
    expect(steps).toEqual(['k prune-structured', 'q half', 'k svd', 'v svd', 'v prune-structured']);
    const both = new Map<string, Stack>([...given, ['1', [cut, ...half]]]);
    expect(peersOf(both, all, '2')).toEqual([['1', '2'], []]);
    expect(peersOf(both, new Set(['2']), '2')).toEqual([['2'], []]);
    expect(peersOf(both, all, '3')).toEqual([[], ['3']]);
    expect(peersOf(stacks, all, '1')).toEqual([[]]);
    expect(GRAPH_METHODS).toEqual(new Set(methods.filter(isGraphMethod).map(({ name }) => name)));
  });
  it('takes together what stacks that then differ begin with, as far as they do', () => {
    const cut = (unit: string) => ({ method: 'prune-structured', options: { size: 0.5, unit } });
    const given = new Map<string, Stack>([
      ['1', [cut('neurons'), cut('heads'), ...half]],
      ['2', [cut('neurons'), { method: 'half', options: {} }]],
      ['3', [cut('heads'), ...half]],
    ]);
    const steps = buildRecipe(layers, all, given).steps.map(({ layers: on, method, options }) => [
      on,
      method,
      options.unit,
    ]);
    expect(steps).toEqual([
      [['q', 'k'], 'prune-structured', 'neurons'],
      [['q'], 'prune-structured', 'heads'],
      [['v'], 'prune-structured', 'heads'],
      [['q'], 'svd', undefined],
      [['k'], 'half', undefined],
      [['v'], 'svd', undefined],
    ]);
    expect(peersOf(given, all, '1')).toEqual([['1', '2'], ['1'], []]);
    expect(peersOf(given, all, '2')).toEqual([['1', '2'], []]);
  });
  it('leaves out what is not ticked, and what has no steps', () => {
    expect(buildRecipe(layers, new Set(['3']), stacks).steps).toHaveLength(1);
    expect(buildRecipe(layers, new Set(['3']), new Map([['3', []]])).steps).toEqual([]);
  });
  it('passes the schema of the engine, settings too', () => {
    const settings = { seed: 7, export: { aim: 'memory' } } as const;
    expect(checkRecipe(buildRecipe(layers, all, stacks, settings))).toMatchObject(settings);
  });
  it('calls two weights of one node by their own names', () => {
    const twins = model([layer('1', 'lstm', 'w'), layer('2', 'lstm', 'r')]);
    expect(buildRecipe(twins, new Set(['1', '2']), new Map()).steps[0].layers).toEqual(['w', 'r']);
  });
  it('comes back as the same stacks, equal ones as one', () => {
    const recipe = buildRecipe(layers, all, stacks);
    const selected = [['1', '3'], ['2'], ['2'], ['2']].map((ids, i) => ({ ...recipe.steps[i], layers: ids }));
    const back = stacksOf(layers, selected);
    expect(back).toEqual(stacks);
    expect(back.get('1')).toBe(back.get('3'));
    expect(buildRecipe(layers, new Set(back.keys()), back)).toEqual(recipe);
  });
  it('is the same for the same options set in another order', () => {
    const one: Stack = [{ method: 'm', options: { a: 1, b: [2] } }];
    const other: Stack = [{ method: 'm', options: { b: [2], a: 1 } }];
    expect(stackKey(one)).toBe(stackKey(other));
    expect(stackKey(one)).not.toBe(stackKey([...one, ...other]));
  });
});

it('steps over overlapping layers become stacks of their own', () => {
  const mixed = model([layer('1', 'q'), layer('2', 'norm', 'n', false), layer('3', 'k')]);
  const stacks = stacksOf(mixed, [
    { layers: ['1', '2', '3'], method: 'svd', options: { size: 0.5 } },
    { layers: ['3'], method: 'half', options: {} },
  ]);
  expect([...stacks].map(([id, stack]) => [id, stack.map(({ method }) => method)])).toEqual([
    ['1', ['svd']],
    ['3', ['svd', 'half']],
  ]);
});

it('settings are what a recipe says beside its steps', () => {
  expect(settingsOf({ version: 1, steps: [] })).toEqual({});
  expect(settingsOf({ version: 1, seed: 3, export: { aim: 'file' }, steps: [] })).toEqual({
    seed: 3,
    export: { aim: 'file' },
  });
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
