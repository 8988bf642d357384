import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { carrara, FASHION, MOBY } from './cli.fixtures';

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
