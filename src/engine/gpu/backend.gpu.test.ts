import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compare, expectClose } from '../reference/compare';
import { factorize } from '../reference/factorize';
import { identity } from '../reference/identity';
import { matmul } from '../reference/matmul';
import { norms } from '../reference/norms';
import { normal, planted } from '../reference/random';
import { createGpuBackend, type GpuBackend, type GpuOptions } from './backend';
import { testGpu } from './testing';

let backend: GpuBackend;

const open = async (options: GpuOptions = {}) => {
  backend = (await createGpuBackend(await testGpu(), options))!;
  expect(backend, 'a WebGPU adapter').not.toBeNull();
};
beforeAll(() => open());
afterAll(() => backend?.dispose());
let held: number;
beforeEach(() => {
  held = backend.counts.buffers;
});
// Only what a passing test leaves behind is a leak.
afterEach(({ task }) => {
  if (task.result?.state !== 'fail') expect(backend.counts.buffers).toBe(held);
});

describe('multiply', () => {
  it.each([
    [1, 1, 1],
    [1, 9, 1],
    [7, 1, 5],
    [1, 70, 33],
    [65, 3, 1],
    [64, 64, 64],
    [67, 129, 66],
  ])('[%i, %i] by [.., %i] with every transpose', async (m, k, n) => {
    const a = Float32Array.from(normal(m * k, 1));
    const b = Float32Array.from(normal(k * n, 2));
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const left = backend.upload(a, ...((transposeA ? [k, m] : [m, k]) as [number, number]));
        const right = backend.upload(b, ...((transposeB ? [n, k] : [k, n]) as [number, number]));
        const product = await backend.multiply(left, right, { a: transposeA, b: transposeB });
        expect([product.rows, product.columns]).toEqual([m, n]);
        const expected = matmul(a, b, m, n, k, { transposeA, transposeB });
        // k roundings, each to 6e−8 of a partial sum of at most some 3·√k, add up like √k: 2e−7·k.
        expectClose(await backend.download(product), expected, 2e-7 * k + 1e-6);
        backend.free(left, right, product);
      }
    }
  });

  it('rejects shapes that do not fit', async () => {
    const [a, b] = [backend.upload(new Float32Array(6), 2, 3), backend.upload(new Float32Array(6), 2, 3)];
    await expect(backend.multiply(a, b)).rejects.toThrow(RangeError);
    expect(() => backend.upload(new Float32Array(5), 2, 3)).toThrow(RangeError);
    backend.free(a, b);
  });

  it('rejects a product that the adapter cannot hold, in one sentence', async () => {
    const [a, b] = [
      backend.upload(new Float32Array(70_000), 70_000, 1),
      backend.upload(new Float32Array(70_000), 1, 70_000),
    ];
    await expect(backend.multiply(a, b)).rejects.toThrow(
      /^A \[70000, 70000\] product takes \d+ MiB, but .* leave its layer out/,
    );
    backend.free(a, b);
  });

  it('rejects a freed matrix', async () => {
    const a = backend.upload(new Float32Array(1), 1, 1);
    backend.free(a);
    await expect(backend.download(a)).rejects.toThrow('was freed');
    expect(() => backend.free(a)).toThrow('was freed');
  });
});

const falling = (count: number, value: (share: number, index: number) => number) =>
  Float64Array.from({ length: count }, (_, index) => value(index / count, index));

const matrices: [string, number, number, () => Float32Array][] = [
  ['random', 1, 1, () => scaled(normal(1, 1))],
  ['random', 1, 50, () => scaled(normal(50, 2))],
  ['random', 50, 1, () => scaled(normal(50, 3))],
  ['random', 32, 32, () => scaled(normal(32 * 32, 4))],
  ['random', 45, 70, () => scaled(normal(45 * 70, 5))],
  ['random', 70, 45, () => scaled(normal(45 * 70, 6))],
  ['random', 97, 600, () => scaled(normal(97 * 600, 7))],
  ['zero', 20, 30, () => new Float32Array(600)],
  [
    'decaying to 1e−7',
    64,
    80,
    () =>
      scaled(
        planted(
          64,
          80,
          falling(64, (share) => 10 ** (-7 * share)),
          8,
        ),
      ),
  ],
  [
    'rank-deficient',
    64,
    80,
    () =>
      scaled(
        planted(
          64,
          80,
          falling(16, (share) => 1 - share),
          9,
        ),
      ),
  ],
  ['rank-one', 40, 40, () => scaled(planted(40, 40, [1], 10))],
  [
    'repeated',
    50,
    60,
    () =>
      scaled(
        planted(
          50,
          60,
          falling(50, (share) => (share < 0.5 ? 1 : 0.25)),
          11,
        ),
      ),
  ],
  [
    'clustered',
    64,
    64,
    () =>
      scaled(
        planted(
          64,
          64,
          falling(64, (share, i) => (share < 0.5 ? 1 : 0.01) * (1 - 1e-6 * i)),
          12,
        ),
      ),
  ],
];

function scaled(values: ArrayLike<number>): Float32Array {
  const all = Array.from(values);
  const largest = Math.max(...all.map(Math.abs));
  return Float32Array.from(all, (value) => value / largest);
}

describe.each([
  ['rotations', true],
  ['Gram matrices', false],
])('leftSingularVectors by %s', (_, rotations) => {
  beforeAll(async () => {
    backend.dispose();
    await open({ rotations });
  });

  it.each(matrices)('of a %s [%i, %i] matrix', async (_, m, n, make) => {
    const a = make();
    const matrix = backend.upload(a, m, n);
    const { vectors } = await backend.leftSingularVectors(matrix);
    expect([vectors.rows, vectors.columns]).toEqual([m, m]);
    const j = await backend.download(vectors);
    backend.free(matrix, vectors);

    const square = matmul(j, j, m, m, m, { transposeB: true });
    // Each row's rotations round to 6e−8 of its length a few dozen times.
    expectClose(square, identity(m, m), 5e-6, 'J·Jᵀ');
    const polished = matmul(square, j, m, m, m, { alpha: -0.5, beta: 1.5, c: j });
    const lengths = (vectorsOf: ArrayLike<number>) => norms(matmul(vectorsOf, a, m, n, m), m, n).map(Math.sqrt);
    const known = lengths(factorize(a, m, n));
    const found = lengths(polished);
    expectClose(found, known, 2e-6 * known[0], 'singular values');

    // What truncation needs: at every rank the rest is the optimum's, within the rounding of float32 storage.
    const rest = (values: ArrayLike<number>, rank: number) => Math.hypot(...Array.from(values).slice(rank));
    const whole = rest(known, 0);
    for (let rank = 0; rank < m; rank++) {
      const optimum = rest(known, rank);
      expect(rest(found, rank)).toBeLessThanOrEqual(1.0005 * optimum + 3e-7 * Math.sqrt(Math.min(m, n)) * whole);
    }
  });

  it('finds the planted singular values', async () => {
    const values = [4, 2, 1, 0.5];
    const a = planted(30, 41, values, 13);
    const matrix = backend.upload(a, 30, 41);
    const { vectors } = await backend.leftSingularVectors(matrix);
    const product = await backend.multiply(vectors, matrix);
    const found = norms(await backend.download(product), 30, 41).map(Math.sqrt);
    backend.free(matrix, vectors, product);
    expectClose(found.subarray(0, 4), values, 8e-6);
  });

  it('gives the same bits twice', async () => {
    const matrix = backend.upload(scaled(normal(40 * 50, 14)), 40, 50);
    const { vectors: first } = await backend.leftSingularVectors(matrix);
    const { vectors: second } = await backend.leftSingularVectors(matrix);
    expect(compare(await backend.download(first), await backend.download(second)).difference).toBe(0);
    backend.free(matrix, first, second);
  });

  it('tells a growing share, up to 1', async () => {
    const shares: number[] = [];
    const matrix = backend.upload(scaled(normal(64 * 64, 15)), 64, 64);
    const { vectors } = await backend.leftSingularVectors(matrix, { onProgress: (share) => shares.push(share) });
    backend.free(vectors, matrix);
    expect(shares.length).toBeGreaterThan(2);
    expect(shares.every((share, i) => share <= 1 && share >= (shares[i - 1] ?? 0))).toBe(true);
    expect(shares.at(-1)).toBe(1);
  });

  it('stops when it is aborted, and frees what it held', async () => {
    const matrix = backend.upload(scaled(normal(128 * 128, 16)), 128, 128);
    const controller = new AbortController();
    let told = 0;
    const call = {
      signal: controller.signal,
      onProgress: () => {
        told++;
        controller.abort();
      },
    };
    await expect(backend.leftSingularVectors(matrix, call)).rejects.toMatchObject({ name: 'AbortError' });
    // The eigenproblem on the CPU hears the signal when it next gives way, every 40 ms.
    if (rotations) expect(told).toBe(1);
    expect(backend.counts.buffers).toBe(held + 1);
    backend.free(matrix);
  });

  it('rejects values that are not finite', async () => {
    const matrix = backend.upload(Float32Array.of(1, Number.NaN, 0, 1), 2, 2);
    await expect(backend.leftSingularVectors(matrix)).rejects.toThrow(RangeError);
    backend.free(matrix);
  });
});

describe('a backend', () => {
  it('tunes on hardware alone, and remembers', async () => {
    const kept = new Map<string, string>();
    const tuning = {
      read: async (key: string) => kept.get(key),
      write: async (key: string, value: string) => void kept.set(key, value),
    };
    const other = (await createGpuBackend(await testGpu(), { tuning }))!;
    const matrix = other.upload(new Float32Array(256 * 256), 256, 256);
    await other.multiply(matrix, matrix);
    const keys = other.software ? [] : [`${other.description} · matmul · large`];
    expect([...kept.keys()]).toEqual(keys);
    other.dispose();
  });

  it('frees everything when it is disposed of', async () => {
    const other = (await createGpuBackend(await testGpu()))!;
    other.upload(new Float32Array(4), 2, 2);
    expect(other.counts).toMatchObject({ buffers: 1, bytes: 16 });
    other.dispose();
    expect(other.counts).toMatchObject({ buffers: 0, bytes: 0, peakBytes: 16 });
  });
});
