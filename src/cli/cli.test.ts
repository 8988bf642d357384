import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeNpz } from '../engine/formats/npz/npz';
import { controlsOf } from '../engine/methods/options';
import { methods } from '../engine/methods/registry';
import { DataType, modelBytes, node, tensor, value } from '../engine/model/onnx/build';
import { carrara } from './cli.fixtures';

const FASHION = 'public/samples/fashion-mnist';
const MOBY = 'public/samples/moby-lm';
const folder = mkdtempSync(join(tmpdir(), 'carrara-'));
const at = (name: string) => join(folder, name);

function recipe(name: string, value: unknown): string {
  writeFileSync(at(name), typeof value === 'string' ? value : JSON.stringify(value));
  return at(name);
}

const svd = (options: object, layers: unknown = '*', more: object = {}) => ({
  version: 1,
  steps: [{ layers, method: 'svd', options, ...more }],
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('carrara inspect', () => {
  it('lists the layers of a model', () => {
    const { status, json } = carrara('inspect', `${FASHION}/model.onnx`, '--json');
    expect(status).toBe(0);
    const report = json();
    expect(report.bytes).toBe(readFileSync(`${FASHION}/model.onnx`).length);
    expect(report.layers.map(({ name, op, shape }: never) => [name, op, shape])).toEqual([
      ['/features/conv1/Conv', 'Conv', [16, 1, 3, 3]],
      ['/features/conv2/Conv', 'Conv', [48, 16, 3, 3]],
      ['/features/conv3/Conv', 'Conv', [40, 48, 1, 1]],
      ['/classifier/fc1/Gemm', 'Gemm', [512, 1960]],
      ['/classifier/fc2/MatMul', 'MatMul', [256, 512]],
      ['/classifier/fc3/Gemm', 'Gemm', [10, 256]],
    ]);
    expect(report.layers[3]).toMatchObject({ parameters: 512 * 1960, bytes: 4 * 512 * 1960, compressible: true });
    const parameters = [...report.layers, ...report.others].map((row: { parameters: number }) => row.parameters);
    expect(parameters.reduce((sum, count) => sum + count, 0)).toBe(report.parameters);
  });

  it('prints a table for people', () => {
    const { status, stdout } = carrara('inspect', `${MOBY}/model.onnx`);
    expect(status).toBe(0);
    expect(stdout).toMatch(/1,055,860 parameters, 4\.27 MB, opset 14/);
    expect(stdout).toMatch(/\/blocks\.0\/gate\/MatMul +MatMul +448 × 160 +71,680 +6\.8 % +compressible/);
    expect(stdout).toMatch(/In no layer: 1,140 parameters \(0\.1 %\)/);
    expect(stdout).toMatch(/vectors and small constants of Mul, which stay as they are +10 +1,123 +0\.1 %/);
  });
});

describe('carrara inspect on calibration data', () => {
  const args = ['inspect', `${MOBY}/model.onnx`, '--calibration', `${MOBY}/calibration.npz`];

  it('tells which channels of each input stand out', () => {
    const { status, json } = carrara(...args, '--json');
    expect(status).toBe(0);
    const inputs = new Map(json().layers.map(({ name, input }: never) => [name, input]));
    const down = inputs.get('/blocks.0/down/MatMul') as never as Record<string, number> & { channels: never[] };
    // 64 windows of 128 bytes.
    expect(down.samples).toBe(64 * 128);
    expect(down.ratio).toBeCloseTo(down.largest! / down.median!, 6);
    expect(down.channels).toContainEqual({ channel: 417, largest: down.largest });
    for (const { largest } of down.channels) expect(largest).toBeGreaterThan(6);
    expect(inputs.get('/blocks.0/q/MatMul')).toEqual(inputs.get('/blocks.0/v/MatMul'));
    expect(inputs.get('/embed/Gather')).toEqual({ reason: 'its input is an index' });
    expect(inputs.get('/Slice')).toBeUndefined();
  });

  it('prints them for people', () => {
    const { status, stdout } = carrara(...args);
    expect(status).toBe(0);
    expect(stdout).toMatch(/\/blocks\.0\/down\/MatMul .* 39\.4 +5\.3 +340 +compressible/);
    expect(stdout).toMatch(/^\/blocks\.0\/down\/MatMul: channels 417 \(39\.4\), .* and 332 more$/m);
    expect(stdout).toMatch(/^\/embed\/Gather: its input is an index$/m);
  });
});

describe('carrara compress, then evaluate', () => {
  it('gives a smaller model that is nearly as good', () => {
    const out = at('small.onnx');
    const args = ['--recipe', recipe('r.json', svd({ size: 0.3 }, ['*fc1*', '/classifier/fc2/MatMul'])), '--out', out];
    const compressed = carrara('compress', `${FASHION}/model.onnx`, ...args, '--backend', 'cpu', '--json');
    expect(compressed.stderr).toBe('');
    expect(compressed.status).toBe(0);
    const report = compressed.json();
    expect(report.backend).toBe('cpu');
    expect(report.before.bytes).toBe(readFileSync(`${FASHION}/model.onnx`).length);
    expect(report.after.bytes).toBe(readFileSync(out).length);
    expect(report.layers.map(({ form }: never) => form)).toEqual(['lowRank 121', 'lowRank 51']);
    expect(report.skipped).toEqual([]);
    for (const { weightError, bytesAfter, bytesBefore, ms } of report.layers) {
      expect(Math.abs(weightError.predicted - weightError.measured)).toBeLessThanOrEqual(
        1e-3 * weightError.measured + 1e-6,
      );
      expect(bytesAfter).toBeLessThanOrEqual(0.3 * bytesBefore);
      expect(ms).toBeGreaterThan(0);
    }
    // The same recipe gives the same bytes.
    const again = at('again.onnx');
    carrara(
      'compress',
      `${FASHION}/model.onnx`,
      '--recipe',
      at('r.json'),
      '--out',
      again,
      '--backend',
      'cpu',
      '--json',
    );
    expect(readFileSync(again).equals(readFileSync(out))).toBe(true);

    const evaluated = carrara('evaluate', `${FASHION}/model.onnx`, out, '--data', `${FASHION}/test.npz`, '--json');
    expect(evaluated.status).toBe(0);
    const { metric, before, after, fidelity, batch, latencyMs } = evaluated.json();
    expect(metric).toBe('top1');
    expect(before).toBeCloseTo(0.9225, 4);
    // Measured: .9155; three standard errors of 2,000 samples are .019.
    expect(after).toBeGreaterThan(0.9);
    expect(Object.keys(fidelity)).toEqual(['agreement', 'kl', 'cosine', 'maxAbsolute']);
    expect(fidelity.agreement).toBeGreaterThan(0.95);
    expect(fidelity.kl).toBeGreaterThan(0);
    expect(batch).toBeGreaterThan(0);
    for (const { median, p10, p90 } of [latencyMs.before, latencyMs.after])
      expect(p10 <= median && median <= p90).toBe(true);
  });

  it('says how the file was verified, on which inputs, and how long all of it took', () => {
    const options = { bits: 4 };
    const file = recipe('v.json', { version: 1, steps: [{ layers: '*q*', method: 'quantize', options }] });
    const args = ['compress', `${MOBY}/model.onnx`, '--recipe', file, '--out', at('v.onnx'), '--backend', 'cpu'];
    const report = carrara(...args, '--shape', 'ids=1,48', '--json').json();
    expect(report.verification).toMatchObject({
      by: 'outputs',
      samples: 1,
      data: 'generated',
      shapes: { ids: [1, 48] },
      layers: { checked: 3, of: 3 },
    });
    expect(report.totalMs).toBeGreaterThan(report.ms + report.verification.ms);
    const given = [...args, '--calibration', `${MOBY}/calibration.npz`];
    expect(carrara(...given, '--json').json().verification).toMatchObject({ by: 'outputs', data: 'calibration.npz' });
    expect(carrara(...args).stdout).toMatch(
      /s: \d+\.\d s compressing on the CPU, \d+\.\d s verifying\n(?:.*\n)*?.*Run on 1 sample made up: ids 1×32\. Each of the 3/,
    );
    expect(carrara(...given, '--shape', 'ids=1,48').stderr).toMatch(/but --calibration gives them: leave one out\.$/m);
    expect(carrara(...args, '--shape', 'idz=1,48').stderr).toMatch(/^carrara: The model has no input "idz" .* ids\.$/m);
  });

  it('says of a model that draws at random that it does', () => {
    const bytes = modelBytes({
      nodes: [
        node('RandomNormalLike', ['x'], ['noise'], {}, { name: 'noise' }),
        node('MatMul', ['noise', 'w'], ['y'], {}, { name: 'fc' }),
      ],
      inputs: [value('x', DataType.FLOAT, ['n', 64])],
      outputs: [value('y', DataType.FLOAT)],
      initializers: [
        tensor(
          'w',
          [64, 64],
          Float32Array.from({ length: 64 * 64 }, (_, i) => Math.sin(i)),
        ),
      ],
    });
    writeFileSync(at('random.onnx'), bytes);
    const file = recipe('random.json', {
      version: 1,
      steps: [{ layers: '*', method: 'quantize', options: { bits: 4 } }],
    });
    const sentence = /The model draws at random.* RandomNormalLike \(noise\)/;
    const args = ['--recipe', file, '--out', at('random4.onnx'), '--backend', 'cpu'];
    expect(carrara('compress', at('random.onnx'), ...args).stdout).toMatch(
      /draws at random \(RandomNormalLike \(noise\)\)/,
    );
    expect(carrara('evaluate', at('random.onnx'), at('random.onnx')).stdout).toMatch(sentence);
    const { random, itself } = carrara('evaluate', at('random.onnx'), at('random.onnx'), '--json').json();
    expect(random).toEqual([{ op: 'RandomNormalLike', name: 'noise' }]);
    expect(itself.cosine).toBeLessThan(0.9);
  });

  it('makes up the shapes that it is told, and says them', () => {
    const both = [`${MOBY}/model.onnx`, `${MOBY}/model.onnx`];
    expect(carrara('evaluate', ...both, '--shape', 'ids=2,9', '--json').json()).toMatchObject({
      batch: 2,
      shapes: { ids: [2, 9] },
    });
    expect(carrara('evaluate', ...both, '--shape', 'ids=2').stderr).toMatch(
      /"ids" has 2 dimensions, .* has 1 dimension\.$/m,
    );
    expect(carrara('evaluate', ...both, '--shape', 'ids=2,9', '--data', `${MOBY}/test.npz`).stderr).toMatch(
      /--data gives them: leave one out\.$/m,
    );
  });

  it('reports output errors on calibration data', () => {
    const args = [
      '--recipe',
      recipe('m.json', svd({ rank: 40 }, ['*q*', 'embed.weight'])),
      '--out',
      at('m.onnx'),
      '--json',
    ];
    const { status, json } = carrara(
      'compress',
      `${MOBY}/model.onnx`,
      ...args,
      '--backend',
      'cpu',
      '--calibration',
      `${MOBY}/calibration.npz`,
    );
    expect(status).toBe(0);
    for (const { outputError, weightError } of json().layers) {
      expect(Math.abs(outputError.predicted - outputError.measured)).toBeLessThanOrEqual(
        1e-3 * outputError.measured + 1e-6,
      );
      // Real inputs are not white: the data sees another error than the weight alone.
      expect(Math.abs(outputError.measured - weightError.measured)).toBeGreaterThan(0.05);
    }
    const evaluated = carrara(
      'evaluate',
      `${MOBY}/model.onnx`,
      at('m.onnx'),
      '--data',
      `${MOBY}/test.npz`,
      '--json',
    ).json();
    expect(evaluated.metric).toBe('perplexity');
    expect(evaluated.before).toBeCloseTo(4.751, 2);
    expect(evaluated.after).toBeGreaterThan(evaluated.before);
    const generated = carrara('evaluate', `${MOBY}/model.onnx`, at('m.onnx'), '--json').json();
    expect(generated.metric).toBe('fidelity');
    expect(generated.data).toBe('generated');
    const itself = carrara('evaluate', `${MOBY}/model.onnx`, `${MOBY}/model.onnx`);
    expect(itself.stdout).toContain('Every output is the same to the last bit');
  });

  it('gives the same weights on the GPU', () => {
    const file = recipe('g.json', svd({ rank: 20 }, ['/blocks.0/q/MatMul', '/blocks.1/down/MatMul']));
    for (const backend of ['gpu', 'cpu']) {
      const run = carrara(
        'compress',
        `${MOBY}/model.onnx`,
        '--recipe',
        file,
        '--out',
        at(`${backend}.onnx`),
        '--backend',
        backend,
        '--json',
      );
      expect(run.status, run.stderr).toBe(0);
      expect(run.json().backend).toBe(backend);
    }
    const { fidelity } = carrara('evaluate', at('gpu.onnx'), at('cpu.onnx'), '--json').json();
    // Weights within 1e−5, through 3 blocks whose logits reach 20.
    expect(fidelity.agreement).toBe(1);
    expect(fidelity.maxAbsolute).toBeLessThan(1e-3);
  });
});

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
    ['no command', () => [], /name a command: there are inspect, methods, compress, evaluate; --help/],
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
    const before = readdirSync(folder);
    const { status, stdout, stderr } = carrara(...args());
    expect(stderr).toMatch(/^carrara: [^\n]+\n$/);
    expect(stderr).toMatch(message);
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(readdirSync(folder)).toEqual(before);
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

it('says how it is used', () => {
  for (const command of [[], ['inspect'], ['methods'], ['compress'], ['evaluate']]) {
    const { status, stdout } = carrara(...command, '--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Usage: carrara/);
    expect(stdout).toMatch(/^Exit codes: 0; 1 .* 130, 143 or 129 /m);
  }
});

it('tells the methods and their options from their schemas', () => {
  const all = carrara('methods').stdout;
  const help = carrara('compress', '--help').stdout;
  for (const { name } of methods) {
    expect(all).toContain(name);
    expect(help).toContain(name);
  }
  const { stdout } = carrara('methods', 'svd');
  const [svd] = JSON.parse(carrara('methods', 'svd', '--json').stdout);
  expect(svd.options).toHaveLength(controlsOf(methods[0]!.options).length);
  for (const { key } of svd.options) expect(stdout).toMatch(new RegExp(`^ +${key} `, 'm'));
  expect(carrara('methods', 'swd').stderr).toMatch(/No method is called "swd"; did you mean svd\?/);
});
