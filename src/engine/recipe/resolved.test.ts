import { describe, expect, it } from 'vitest';
import { getMethod } from '../methods/registry';
import { omitDefaults, resolvedRecipe } from './resolved';
import { checkRecipe } from './schema';

const recipeOf = (method: string, options: object) => ({ version: 1, steps: [{ layers: '*', method, options }] });
const resolved = (recipe: unknown) => resolvedRecipe(checkRecipe(recipe));

/** What each of these options is written out as: no option without effect, none left to a default. */
const written: [method: string, options: object, resolved: object][] = [
  ['svd', { size: 0.5 }, { size: 0.5, whiten: 'none' }],
  ['tensor-train', { bond: 4 }, { sites: 3, bond: 4, whiten: 'none' }],
  [
    'tensor-train',
    { factors: { in: [4, 2], out: [2, 4] }, bond: 4 },
    { sites: 3, factors: { out: [2, 4], in: [4, 2] }, bond: 4, whiten: 'none' },
  ],
  ['low-rank-plus-sparse', { size: 0.5 }, { size: 0.5, rankShare: 0.25, iterations: 80, whiten: 'none' }],
  ['prune', { sparsity: 0.5 }, { sparsity: 0.5, score: 'magnitude', pattern: 'unstructured', scope: 'layer' }],
  [
    'prune',
    { score: 'wanda', sparsity: 0.5 },
    { sparsity: 0.5, score: 'wanda', pattern: 'unstructured', scope: 'row' },
  ],
  ['prune', { pattern: { n: 2, m: 4 }, sparsity: 0.5 }, { score: 'magnitude', pattern: 'n:m', n: 2, m: 4 }],
  [
    'prune',
    { size: 0.4, pattern: { block: [8, 2] } },
    { size: 0.4, score: 'magnitude', pattern: 'block', rows: 8, columns: 2, scope: 'layer' },
  ],
  ['prune-structured', { size: 0.5 }, { size: 0.5, unit: 'neurons', score: 'magnitude' }],
  ['quantize', { bits: 4 }, { bits: 4, groupSize: 32, symmetric: false, rounding: 'nearest' }],
  ['quantize', { bits: 8 }, { bits: 8, groupSize: 32, symmetric: true, rounding: 'nearest', activations: 'none' }],
  ['quantize', { bits: 8, activations: 'dynamic' }, { bits: 8, rounding: 'nearest', activations: 'dynamic' }],
  ['cluster', { values: 16 }, { values: 16, scope: 'layer' }],
  ['share', { size: 0.5 }, { size: 0.5 }],
  ['half', {}, {}],
];

describe('a resolved recipe', () => {
  it.each(written)('writes out %s %j', (method, options, wanted) => {
    const recipe = resolved(recipeOf(method, options));
    const text = JSON.stringify(recipe);
    expect(recipe).toEqual({
      version: 1,
      seed: 0,
      export: { aim: 'speed' },
      steps: [{ layers: ['*'], method, options: wanted }],
    });
    // Their hashes are of this text: a short recipe, and its resolved one, are one recipe.
    expect(JSON.stringify(resolved(JSON.parse(text)))).toBe(text);
    const backwards = Object.fromEntries(Object.entries(options).reverse());
    expect(JSON.stringify(resolved(recipeOf(method, backwards)))).toBe(text);
  });

  it.each(written)('is short again in a form: %s %j', (method, options, wanted) => {
    const short = omitDefaults(getMethod(method), wanted);
    expect(JSON.stringify(resolved(recipeOf(method, short)))).toBe(JSON.stringify(resolved(recipeOf(method, options))));
    expect(Object.keys(short).length).toBeLessThanOrEqual(Object.keys(wanted).length);
  });

  it('in a form says no default', () => {
    expect(omitDefaults(getMethod('quantize'), { bits: 4, groupSize: 64, symmetric: false })).toEqual({
      groupSize: 64,
    });
    expect(omitDefaults(getMethod('svd'), { size: 0.5, whiten: 'none' })).toEqual({ size: 0.5 });
  });

  it('keeps what is said of export, seed and layers to ignore', () => {
    const step = { layers: ['a'], ignore: 'b', method: 'half', options: {} };
    const given = { version: 1, seed: 3, export: { form: 'load' }, steps: [step] };
    expect(resolved(given)).toEqual({
      ...given,
      export: { aim: 'speed', form: 'load' },
      steps: [{ ...step, ignore: ['b'] }],
    });
  });
});
