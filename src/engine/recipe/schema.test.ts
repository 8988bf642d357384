import { beforeAll, describe, expect, it } from 'vitest';
import { memorySource } from '../core/bytes';
import { type Layer, layersOf } from '../model/layers';
import { readModel } from '../model/model';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { scopeOf } from '../model/scopes';
import { checkRecipe, parseRecipe } from './schema';
import { selectLayers } from './select';

const step = (fields: object) => JSON.stringify({ version: 1, steps: [fields] });
const svd = (options: unknown) => step({ layers: '*', method: 'svd', options });

describe('a recipe', () => {
  it('is read with its defaults', () => {
    const text = step({ layers: ['a', 'b*'], ignore: 'op:Gather', method: 'svd', options: { rank: 3 } });
    expect(parseRecipe(text)).toEqual({
      version: 1,
      steps: [
        {
          kind: 'method',
          layers: ['a', 'b*'],
          ignore: ['op:Gather'],
          method: 'svd',
          options: { rank: 3, whiten: 'none' },
        },
      ],
    });
  });

  it('may leave out the options of a method that needs none', () => {
    for (const method of ['half', 'quantize']) {
      const [left, given] = [step({ layers: '*', method }), step({ layers: '*', method, options: {} })];
      expect(parseRecipe(left)).toEqual(parseRecipe(given));
    }
  });

  const refused: [name: string, text: string, message: RegExp][] = [
    ['no JSON', '{"version": 1,', /^R\.json is not JSON: /],
    ['another kind of file', '\u0008\u000ccarrara', /^R\.json is not a recipe: .* Name another file\.$/],
    ['an empty file', '', /^R\.json is not a recipe: /],
    ['not an object', '[]', /^R\.json: .*object/],
    ['no version', '{"steps": []}', /^R\.json: version is missing/],
    ['another version', '{"version": 2, "steps": []}', /^R\.json: version: .*1.*\(it is 2\)/],
    [
      'an unknown key',
      '{"version": 1, "steps": [], "extra": 1}',
      /^R\.json: unknown key "extra"; there are version, seed, export, steps\.$/,
    ],
    [
      'a misspelt aim',
      '{"version": 1, "steps": [], "export": {"aims": "file"}}',
      /"export\.aims"; did you mean aim\?$/,
    ],
    [
      'an unknown kind of step',
      step({ heal: { minutes: 5 } }),
      /^R\.json, step 1: unknown key "heal"; there are layers, ignore, method, options\.$/,
    ],
    ['a misspelt method', step({ layers: '*', methd: 'svd', options: {} }), /"methd"; did you mean method\?$/],
    ['no method', step({ layers: '*', options: {} }), /^R\.json, step 1: has no method; there are svd, .*half\.$/],
    [
      'an unknown method',
      step({ layers: '*', method: 'magic', options: {} }),
      /^R\.json, step 1: unknown method "magic"; there are svd, .*half\.$/,
    ],
    [
      'a method in other letters',
      step({ layers: '*', method: 'Quantise', options: {} }),
      /unknown method "Quantise"; did you mean quantize\?$/,
    ],
    [
      'a part of a method',
      step({ layers: '*', method: 'sparse', options: {} }),
      /; did you mean low-rank-plus-sparse\?$/,
    ],
    ['a misspelt option', svd({ rnak: 3 }), /^R\.json, step 1: unknown key "options\.rnak"; did you mean rank\?$/],
    [
      'an option of another method',
      svd({ bits: 3 }),
      /^R\.json, step 1: unknown key "options\.bits"; there are rank, energy, error, size, whiten\.$/,
    ],
    [
      'an option of a method without any',
      step({ layers: '*', method: 'half', options: { bits: 16 } }),
      /unknown key "options\.bits"; there are none\.$/,
    ],
    [
      'an unknown key of a step',
      step({ layers: '*', method: 'svd', options: { rank: 3 }, when: 1 }),
      /step 1: unknown key "when"; there are layers, ignore, method, options\.$/,
    ],
    ['no budget', svd({}), /step 1: options: must have exactly one of rank, energy, error, size/],
    ['two budgets', svd({ rank: 3, size: 0.5 }), /step 1: options: must have exactly one of/],
    ['a negative rank', svd({ rank: -3 }), /step 1: options\.rank: must be a whole number of at least 1 \(it is -3\)/],
    ['a fractional rank', svd({ rank: 1.5 }), /step 1: options\.rank: must be a whole number/],
    ['a rank in words', svd({ rank: 'many' }), /options\.rank: must be a whole number of at least 1 \(it is "many"\)/],
    ['too much energy', svd({ energy: 1.5 }), /options\.energy: must be the kept share of σ², .* \(it is 1\.5\)/],
    ['no size', svd({ size: 0 }), /options\.size: must be stored bytes after over before.*\(it is 0\)/],
    ['no layers', step({ method: 'svd', options: { rank: 3 } }), /step 1: layers is missing/],
    [
      'layers misspelt',
      step({ layer: '*', method: 'svd', options: { rank: 3 } }),
      /step 1: unknown key "layer"; did you mean layers\?$/,
    ],
    [
      'no options where some are needed',
      step({ layers: '*', method: 'svd' }),
      /step 1: options: must have exactly one/,
    ],
    ['options that are none', step({ layers: '*', method: 'half', options: null }), /options: must be an object/],
    ['an unknown kind of step', step({ kind: 'bake' }), /step 1: unknown kind "bake"; there is only method\.$/],
    ['a step that is no object', '{"version": 1, "steps": ["svd"]}', /step 1: must be an object/],
  ];
  for (const [name, text, message] of refused) {
    it(`with ${name} is refused, with the place`, () => {
      expect(() => parseRecipe(text, 'R.json')).toThrow(message);
      expect(() => parseRecipe(text, 'R.json')).toThrow(expect.objectContaining({ name: 'UserError' }));
    });
  }
});

describe('patterns', () => {
  const weight = (name: string) => tensor(name, [64, 64], new Float32Array(4096));
  const bytes = modelBytes({
    inputs: [value('x', DataType.FLOAT, ['n', 64])],
    outputs: [value('y', DataType.FLOAT)],
    nodes: [
      node('MatMul', ['x', 'w.0'], ['a'], {}, { name: 'block.0/up' }),
      node('Gemm', ['a', 'w.1'], ['b'], {}, { name: 'block.0/down' }),
      node('MatMul', ['b', 'shared'], ['c'], {}, { name: 'block.1/up' }),
      node('MatMul', ['c', 'shared'], ['d'], {}, { name: 'block.2/up' }),
      node('MatMul', ['d', 'nameless'], ['y']),
    ],
    initializers: [weight('w.0'), weight('w.1'), weight('shared'), weight('nameless')],
  });
  let layers: Layer[];
  beforeAll(async () => {
    layers = layersOf(scopeOf(await readModel(memorySource(bytes, 'm.onnx'))));
  });
  const selected = (layerPatterns: unknown, ignore?: unknown) => {
    const text = step({
      layers: layerPatterns,
      ...(ignore !== undefined && { ignore }),
      method: 'svd',
      options: { rank: 1 },
    });
    return selectLayers(parseRecipe(text), layers)[0]!.map(({ weight }) => weight);
  };

  it('match node names and weight names, whole', () => {
    expect(selected('block.0/up')).toEqual(['w.0']);
    expect(selected('w.1')).toEqual(['w.1']);
    expect(() => selected('block.0')).toThrow('"block.0" matches no layer');
    expect(selected('nameless')).toEqual(['nameless']);
  });

  it('take * for any run and nothing else as a wildcard', () => {
    expect(selected('*')).toEqual(['w.0', 'w.1', 'shared', 'nameless']);
    expect(selected('*/up')).toEqual(['w.0', 'shared']);
    expect(selected('block.*/d*n')).toEqual(['w.1']);
    expect(() => selected('block?0/up')).toThrow('matches no layer');
    expect(() => selected('block.0.up')).toThrow('matches no layer');
  });

  it('reach a shared weight through any of its consumers, once', () => {
    expect(selected(['block.1/up', 'block.2/up'])).toEqual(['shared']);
    expect(selected('block.2/up')).toEqual(['shared']);
  });

  it('select by operator, and ignore', () => {
    expect(selected('op:Gemm')).toEqual(['w.1']);
    expect(selected('*', 'op:MatMul')).toEqual(['w.1']);
    expect(selected('*', ['w.0', 'block.1/*'])).toEqual(['w.1', 'nameless']);
  });

  it('that match nothing name what comes nearest', () => {
    expect(() => selected('blok.0/up')).toThrow('the nearest name is "block.0/up"');
  });

  it('that match nothing are an error, with the step and the key', () => {
    expect(() => selected('encoder.*')).toThrow(
      /^The recipe, step 1: layers: "encoder\.\*" matches no layer; the nearest name is "/,
    );
    expect(() => selected('*', 'op:LSTM')).toThrow(
      /^The recipe, step 1: ignore: "op:LSTM" matches no layer; the operators of this model's layers are MatMul, Gemm/,
    );
  });
});

describe('options that have no effect', () => {
  const recipeOf = (method: string, options: object) => ({ version: 1, steps: [{ layers: '*', method, options }] });
  const given = (method: string, options: object) => () => checkRecipe(recipeOf(method, options));

  it('are refused, with what they have none beside', () => {
    expect(given('quantize', { bits: 8, groupSize: 64, activations: 'dynamic' })).toThrow(
      'The recipe, step 1: options.groupSize has no effect with activations dynamic: leave it out.',
    );
    expect(given('quantize', { bits: 8, symmetric: false, activations: 'dynamic' })).toThrow(
      'options.symmetric has no',
    );
    expect(given('quantize', { bits: 8, threshold: 4 })).toThrow('threshold has no effect with activations none');
    expect(given('prune', { sparsity: 0.5, m: 8 })).toThrow('options.m has no effect with pattern unstructured');
    expect(given('prune', { pattern: { n: 2, m: 4 }, rows: 8 })).toThrow('options.rows has no effect with pattern n:m');
  });

  it('may be written out as their defaults, as in a recipe that was checked before', () => {
    for (const [method, options] of [
      ['quantize', { bits: 8, activations: 'dynamic' }],
      ['quantize', { bits: 4 }],
      ['prune', { pattern: { n: 2, m: 4 }, sparsity: 0.5 }],
      ['prune', { pattern: { block: [8, 2] }, size: 0.5 }],
    ] as const) {
      const once = checkRecipe(recipeOf(method, options)).steps[0]!.options as object;
      expect(checkRecipe(recipeOf(method, once)).steps[0]!.options).toEqual(once);
    }
  });
});

it('a checked recipe can be checked again', () => {
  const checked = parseRecipe(svd({ size: 0.5 }));
  expect(checkRecipe(JSON.parse(JSON.stringify(checked)))).toEqual(checked);
});
