import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DataType, modelBytes, node, tensor, value } from '../engine/model/onnx/build';
import { carrara, FASHION, MOBY, recipeIn, svd, testFolder } from './cli.fixtures';

const at = testFolder();
const recipe = recipeIn(at);

/** `more`: options after the usual three. */
const compress = (model: string, recipePath: string, out: string, ...more: string[]) =>
  carrara('compress', model, '--recipe', recipePath, '--out', out, ...more);

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
    compress(`${FASHION}/model.onnx`, at('r.json'), again, '--backend', 'cpu', '--json');
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

  it('says where a layer cannot come to the size that it was asked for', () => {
    const file = recipe('tiny.json', svd({ size: 0.0001 }, ['*fc1*']));
    const args = ['--recipe', file, '--out', at('tiny.onnx'), '--backend', 'cpu'];
    const { stdout, status } = carrara('compress', `${FASHION}/model.onnx`, ...args);
    expect(status).toBe(0);
    expect(stdout).toContain(
      'svd cannot come to 0.01 % of the bytes before it; the smallest possible is rank 1, 0.25 %',
    );
    const [layer] = carrara('compress', `${FASHION}/model.onnx`, ...args, '--json').json().layers;
    const { missedSize } = layer.steps[0];
    expect(missedSize).toEqual({ asked: 0.0001, reached: layer.steps[0].bytes / layer.bytesBefore });
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

  it('reports output errors on calibration data', () => {
    const file = recipe('m.json', svd({ rank: 40 }, ['*q*', 'embed.weight']));
    const data = ['--calibration', `${MOBY}/calibration.npz`];
    const { status, json } = compress(`${MOBY}/model.onnx`, file, at('m.onnx'), '--backend', 'cpu', '--json', ...data);
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
    expect(evaluated).toMatchObject({
      metric: 'nextToken',
      others: { bitsPerByte: { before: expect.closeTo(2.248, 2) } },
    });
    expect(evaluated.others.perplexity.before).toBeCloseTo(4.751, 2);
    expect(evaluated.before).toBeCloseTo(0.521, 2);
    expect(evaluated.after).toBeLessThan(evaluated.before);
    expect(evaluated.uncertainty.nextToken.difference.high).toBeLessThan(0);
    const generated = carrara('evaluate', `${MOBY}/model.onnx`, at('m.onnx'), '--json').json();
    expect(generated.metric).toBe('fidelity');
    expect(generated.data).toBe('generated');
    const itself = carrara('evaluate', `${MOBY}/model.onnx`, `${MOBY}/model.onnx`);
    expect(itself.stdout).toContain('Every output is the same to the last bit');
  });

  it('gives the same weights on the GPU', () => {
    const file = recipe('g.json', svd({ rank: 20 }, ['/blocks.0/q/MatMul', '/blocks.1/down/MatMul']));
    for (const backend of ['gpu', 'cpu']) {
      const run = compress(`${MOBY}/model.onnx`, file, at(`${backend}.onnx`), '--backend', backend, '--json');
      expect(run.status, run.stderr).toBe(0);
      expect(run.json().backend).toBe(backend);
    }
    const { fidelity } = carrara('evaluate', at('gpu.onnx'), at('cpu.onnx'), '--json').json();
    // Weights within 1e−5, through 3 blocks whose logits reach 20.
    expect(fidelity.agreement).toBe(1);
    expect(fidelity.maxAbsolute).toBeLessThan(1e-3);
  });
});
