import { expect, it } from 'vitest';
import type { Layer } from '../model/layers';
import { ownPattern } from '../recipe/patterns';
import { checkRecipe } from '../recipe/schema';
import { selectLayers } from '../recipe/select';
import { recipeOf } from './recipeOf';

const layer = (name: string, compressible = true, weight = `${name}.weight`) =>
  ({ id: weight, name, weight, op: 'MatMul', uses: [], compressible }) as unknown as Layer;

const quantize = (bits: number) => [{ method: 'quantize', options: { bits } }];

it('layers with the same steps share them, and every layer gets its own', () => {
  const layers = [layer('a'), layer('b'), layer('c'), layer('d'), layer('tiny', false), layer('e')];
  const [a, b, c, d, , e] = layers as [Layer, Layer, Layer, Layer, Layer, Layer];
  const stack = [{ method: 'half', options: {} }, ...quantize(2)];
  const assigned = new Map([
    [a, quantize(4)],
    [b, stack],
    [c, quantize(4)],
    [d, quantize(4)],
    [e, []],
  ]);
  const checked = checkRecipe(recipeOf(assigned, layers, 7));
  expect(checked.seed).toBe(7);
  const selected = selectLayers(checked, layers).map((some) => some.filter(({ compressible }) => compressible));
  expect(checked.steps.map(({ method }) => method)).toEqual(['quantize', 'half', 'quantize']);
  expect(selected).toEqual([[a, c, d], [b], [b]]);
});

it('all layers but a few are selected by those that are left out', () => {
  const layers = Array.from({ length: 20 }, (_, i) => layer(`/blocks.${i}/MatMul`));
  const assigned = new Map(layers.slice(1).map((one) => [one, quantize(4)]));
  expect(recipeOf(assigned, layers, 0)).toEqual({
    version: 1,
    steps: [{ layers: '*', ignore: ['/blocks.0/MatMul'], method: 'quantize', options: { bits: 4 } }],
  });
});

it('a layer that is called as another one is named by its weight, or not at all', () => {
  const layers = [layer('same', true, 'w1'), layer('same', true, 'w2'), layer('one*', true, 'w3'), layer('one1')];
  expect(layers.map((one) => ownPattern(one, layers))).toEqual(['w1', 'w2', 'w3', 'one1']);
  const twins = [layer('same', true, 'w'), layer('same', true, 'w')];
  expect(twins.map((one) => ownPattern(one, twins))).toEqual([undefined, undefined]);
});
