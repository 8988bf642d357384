import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeNpz } from '../engine/formats/npz/npz';
import { DataType, modelBytes, node, tensor, value } from '../engine/model/onnx/build';
import { carrara, FASHION, MOBY, recipeIn, svd, testFolder } from './cli.fixtures';

const at = testFolder();
const recipe = recipeIn(at);

describe('bad input', () => {
  const nan = modelBytes({
    nodes: [node('MatMul', ['x', 'w'], ['y'], {}, { name: 'fc' })],
    inputs: [value('x', DataType.FLOAT, ['n', 64])],
    outputs: [value('y', DataType.FLOAT)],
    initializers: [tensor('w', [64, 64], new Float32Array(4096).fill(Number.NaN))],
  });
  const unknown = modelBytes({
    nodes: [
      node('Frobnicate', ['x'], ['h'], {}, { domain: 'org.example' }),
      node('MatMul', ['h', 'w'], ['y'], {}, { name: 'fc' }),
    ],
    inputs: [value('x', DataType.FLOAT, ['n', 64])],
    outputs: [value('y', DataType.FLOAT)],
    initializers: [
      tensor(
        'w',
        [64, 64],
        Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i)),
      ),
    ],
    domains: { 'org.example': 1 },
  });
  const npz = (
    entries: Record<string, { type: 'float32' | 'int64'; dims: number[]; data: Float32Array | BigInt64Array }>,
  ) => writeNpz(Object.entries(entries) as never);

  beforeAll(() => {
    writeFileSync(at('empty.onnx'), '');
    writeFileSync(at('text.onnx'), 'This is not a model.');
    writeFileSync(at('short.onnx'), readFileSync(`${FASHION}/model.onnx`).subarray(0, 100_000));
    writeFileSync(at('nan.onnx'), nan);
    writeFileSync(at('unknown.onnx'), unknown);
    writeFileSync(at('names.npz'), npz({ picture: { type: 'float32', dims: [2, 3], data: new Float32Array(6) } }));
    writeFileSync(
      at('shapes.npz'),
      npz({ image: { type: 'float32', dims: [2, 3, 28, 28], data: new Float32Array(2 * 3 * 784) } }),
    );
    writeFileSync(at('text.npz'), 'not a zip');
    recipe('good.json', svd({ size: 0.5 }));
    recipe('whitened.json', svd({ size: 0.5, whiten: 'full' }));
    recipe('bleached.json', svd({ size: 0.5, whiten: 'bleach' }));
    recipe('nothing.json', svd({ size: 0.5 }, 'encoder.*'));
    recipe('option.json', svd({ sizes: 0.5 }));
    recipe('value.json', svd({ size: 7 }));
    recipe('method.json', { version: 1, steps: [{ layers: '*', method: 'svdd', options: {} }] });
    recipe('heal.json', { version: 1, steps: [{ heal: { minutes: 5 } }] });
    recipe('list.json', []);
    recipe('none.json', svd({ size: 0.5 }, []));
    recipe('part.json', svd({ size: 0.5 }, 'fc1'));
    recipe('broken.json', '{"version": 1,');
  });

  const model = `${FASHION}/model.onnx`;
  const compress =
    (r: string, ...more: string[]) =>
    () => ['compress', model, '--recipe', at(r), '--out', at('out.onnx'), ...more];
  const cases: [string, () => string[], RegExp][] = [
    ['a missing model', () => ['inspect', at('missing.onnx')], /missing\.onnx does not exist/],
    ['an empty model', () => ['inspect', at('empty.onnx')], /empty\.onnx is empty/],
    ['text for a model', () => ['inspect', at('text.onnx')], /text\.onnx is not an ONNX model/],
    ['a truncated model', () => ['inspect', at('short.onnx')], /short\.onnx is truncated/],
    [
      'NaN in a weight',
      () => ['compress', at('nan.onnx'), '--recipe', at('good.json'), '--out', at('out.onnx')],
      /Tensor "w" holds NaN/,
    ],
    ['a missing recipe', compress('missing.json'), /missing\.json does not exist/],
    ['a recipe that is no JSON', compress('broken.json'), /broken\.json is not JSON/],
    ['an unknown method', compress('method.json'), /step 1: unknown method "svdd"/],
    ['an unknown step', compress('heal.json'), /step 1: unknown key "heal"; there are layers,/],
    ['an unknown option', compress('option.json'), /unknown key "options\.sizes"; did you mean size\?/],
    ['an impossible value', compress('value.json'), /options\.size: must be .* \(it is 7\)/],
    ['a pattern without a match', compress('nothing.json'), /"encoder\.\*" matches no layer/],
    ['an unknown backend', compress('good.json', '--backend', 'tpu'), /--backend is one of auto, gpu, cpu/],
    [
      'calibration of another model',
      () => ['compress', model, '--recipe', at('good.json'), '--out', at('out.onnx'), '--calibration', at('names.npz')],
      /image/,
    ],
    [
      'no data for a method that needs some',
      compress('whitened.json'),
      /whitened\.json, step 1: svd with these options needs calibration data, .*: give --calibration SAMPLES\.npz\.$/m,
    ],
    ['an unknown way of whitening', compress('bleached.json'), /options\.whiten: must be one of none, diagonal, full/],
    [
      'calibration of another model, to inspect',
      () => ['inspect', model, '--calibration', at('shapes.npz')],
      /"image" in shapes\.npz has shape/,
    ],
    ['data with other names', () => ['evaluate', model, model, '--data', at('names.npz')], /names\.npz.*image/],
    [
      'data with other shapes',
      () => ['evaluate', model, model, '--data', at('shapes.npz')],
      /"image" in shapes\.npz has shape \[2, 3, 28, 28\], but the model needs \[samples, 1, 28, 28\]/,
    ],
    ['data that is no archive', () => ['evaluate', model, model, '--data', at('text.npz')], /text\.npz/],
    ['an unknown flag', () => ['inspect', model, '--jsn'], /unknown option '--jsn'; did you mean --json\?$/m],
    [
      'a recipe that the model would overwrite',
      () => ['compress', model, '--recipe', at('good.json'), '--out', at('good.json')],
      /good\.json would overwrite/,
    ],
    [
      'an output that is no model by its name',
      () => ['compress', model, '--recipe', at('good.json'), '--out', at('small')],
      /small is to be an ONNX model: give the file a name that ends with \.onnx\./,
    ],
    [
      'a folder that takes no files',
      () => ['compress', model, '--recipe', at('good.json'), '--out', '/proc/out.onnx', '--backend', 'cpu'],
      /out\.onnx cannot be written: \/proc takes no files/,
    ],
    [
      'two models that have nothing to do with each other',
      () => ['evaluate', model, `${MOBY}/model.onnx`],
      /has an input "ids", which the original lacks/,
    ],
    ['no recipe', () => ['compress', model, '--out', at('out.onnx')], /compress needs a recipe: --recipe FILE/],
    [
      'no command',
      () => [],
      /name a command: there are inspect, methods, compress, evaluate, sensitivity, search; --help/,
    ],
    [
      'a mistyped option',
      () => ['compress', model, '--recip', at('good.json'), '--out', at('out.onnx')],
      /unknown option '--recip'; did you mean --recipe\?$/m,
    ],
    ['an unknown command', () => ['squash', model], /unknown command 'squash'; there are inspect, methods/],
    [
      'help for an unknown command',
      () => ['help', 'squash'],
      /^carrara: unknown command 'squash'; there are inspect, methods/,
    ],
    ['a misspelt command', () => ['inspct', model], /unknown command 'inspct'; did you mean inspect\?/],
    ['an option like no other', () => ['inspect', model, '--verbose'], /'--verbose'; --help explains the command\.$/m],
    ['no model', () => ['inspect'], /missing required argument 'model'; --help explains the command\./],
    [
      'more than one model',
      () => ['inspect', model, model],
      /too many arguments.* got 2; --help explains the command\.$/m,
    ],
    ['a list for a recipe', compress('list.json'), /list\.json: must be an object\.$/m],
    ['no layers', compress('none.json'), /layers: must be the name of a layer, a pattern, or a list of these\.$/m],
    [
      'a part of a name',
      compress('part.json'),
      /"fc1" matches no layer; the nearest name is "\/classifier\/fc1\/Gemm"/,
    ],
  ];
  it.each(cases)('%s: one clear line, exit code 1, nothing written', (_, args, message) => {
    const before = readdirSync(at());
    const { status, stdout, stderr } = carrara(...args());
    expect(stderr).toMatch(/^carrara: [^\n]+\n$/);
    expect(stderr).toMatch(message);
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(readdirSync(at())).toEqual(before);
  });

  it('never overwrites the model it reads', () => {
    const copy = at('copy.onnx');
    writeFileSync(copy, readFileSync(model));
    const { status, stderr } = carrara('compress', copy, '--recipe', at('good.json'), '--out', copy);
    expect(stderr).toMatch(/would overwrite a file that it is made from/);
    expect(status).toBe(1);
    expect(readFileSync(copy).equals(readFileSync(model))).toBe(true);
  });

  it('an operator that nobody knows does not keep the layers around it from being compressed', () => {
    const { status, json } = carrara(
      'compress',
      at('unknown.onnx'),
      '--recipe',
      at('good.json'),
      '--out',
      at('known.onnx'),
      '--backend',
      'cpu',
      '--json',
    );
    expect(status).toBe(0);
    expect(json().layers.map(({ name }: never) => name)).toEqual(['fc']);
    expect(existsSync(at('known.onnx'))).toBe(true);
  });
});
