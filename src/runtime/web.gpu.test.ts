import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCpuBackend } from '../engine/cpu/backend';
import { svd } from '../engine/linalg/svd';
import { DataType, modelBytes, node, value } from '../engine/model/onnx/build';
import { normal, planted } from '../engine/reference/random';
import type { Runtime, SessionModel } from '../engine/runtime';
import { bothWays } from './lean.fixtures';
import { expectFetches, expectKept } from './running.fixtures';
import { webRuntime } from './web';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await webRuntime();
});

const product: SessionModel = {
  bytes: modelBytes({
    nodes: [node('MatMul', ['a', 'b'], ['y'], {}, { name: 'product' })],
    inputs: [value('a', DataType.FLOAT, ['m', 'k']), value('b', DataType.FLOAT, ['l', 'n'])],
    outputs: [value('y', DataType.FLOAT, ['m', 'n'])],
  }),
  externalData: [],
};
const matrix = (rows: number, columns: number, seed: number) =>
  ({ type: 'float32', dims: [rows, columns], data: Float32Array.from(normal(rows * columns, seed)) }) as const;

describe('webRuntime', () => {
  it('has WASM and, with an adapter, WebGPU', () => {
    expect(runtime.providers).toEqual(['wasm', 'webgpu']);
    expect(runtime.name).toMatch(/^onnxruntime-web \d+\.\d+\.\d+, \d+ threads?$/);
  });

  it.each(['wasm', 'webgpu'] as const)('returns the outputs that are asked for, %s', (provider) =>
    expectFetches(runtime, provider),
  );

  it.each(['wasm', 'webgpu'] as const)('keeps outputs on the device and takes them as feeds, %s', (provider) =>
    expectKept(runtime, provider),
  );

  it('gives the same product on both, and survives overlapping calls', async () => {
    const sessions = [await runtime.open(product, 'wasm'), await runtime.open(product, 'webgpu')];
    const seeds = [1, 2, 3];
    const [wasm, webgpu] = await Promise.all(
      sessions.map((session) =>
        Promise.all(seeds.map((seed) => session.run({ a: matrix(5, 7, seed), b: matrix(7, 4, seed + 10) }))),
      ),
    );
    seeds.forEach((_, i) => {
      expect(webgpu[i].y.dims).toEqual([5, 4]);
      const expected = wasm[i].y.data as Float32Array;
      // Sums of 7 terms of magnitude 1 in float32.
      (webgpu[i].y.data as Float32Array).forEach((x, at) => {
        expect(Math.abs(x - expected[at])).toBeLessThan(1e-5);
      });
    });
    await Promise.all(sessions.map((session) => session.release()));
  });

  it('gives the same outputs in a lean session', async () => {
    const [usual, lean] = await bothWays(runtime, 'wasm');
    expect(lean).toEqual(usual);
  });

  it('carries float16 as bits', async () => {
    const session = await runtime.open(
      {
        bytes: modelBytes({
          nodes: [node('Identity', ['x'], ['y'])],
          inputs: [value('x', DataType.FLOAT16, ['n'])],
          outputs: [value('y', DataType.FLOAT16, ['n'])],
        }),
        externalData: [],
      },
      'wasm',
    );
    const x = { type: 'float16', dims: [2], data: Uint16Array.of(0x3c00, 0xfbff) } as const;
    expect((await session.run({ x })).y).toEqual(x);
    await session.release();
  });

  it('says in one line what went wrong', async () => {
    await expect(runtime.open({ bytes: Uint8Array.of(1, 2, 3), externalData: [] }, 'wasm')).rejects.toThrow(
      /^onnxruntime cannot open this model: .*protobuf parsing failed\.$/,
    );
    const session = await runtime.open(product, 'wasm');
    await expect(session.run({ a: matrix(2, 3, 1), b: matrix(2, 3, 1) })).rejects.toThrow(
      /^onnxruntime cannot run this model: MatMul "product": .*dimension mismatch\.$/,
    );
    await session.release();
  });
});

// The web's onnxruntime has fewer kernels than the native one: what the CPU backend asks for must be among them.
describe('the CPU backend on WASM', () => {
  const sigma = Float64Array.from({ length: 24 }, (_, i) => 0.5 ** i);
  let backend: ReturnType<typeof createCpuBackend>;
  beforeAll(() => {
    backend = createCpuBackend(runtime);
  });
  afterAll(() => backend.dispose());

  it.each([
    [24, 60],
    [60, 24],
  ])('decomposes a [%i, %i] matrix', async (rows, columns) => {
    const { values } = await svd(backend, { values: planted(rows, columns, sigma, 5), rows, columns });
    // As in the linear algebra's own suite: 2e−6 of the largest.
    values.forEach((found, i) => {
      expect(Math.abs(found - sigma[i])).toBeLessThan(2e-6);
    });
  });
});
