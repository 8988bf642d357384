import { SingularValueDecomposition, Matrix as Truth } from 'ml-matrix';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { symmetricEigen } from '../eigen/symmetricEigen';
import { linalgSuite } from '../linalg/suite';
import { Pacer } from '../progress';
import { normal, planted } from '../reference/random';
import { createCpuBackend } from './backend';

const runtime = nodeRuntime();

describe('the CPU backend', () => {
  linalgSuite(async () => createCpuBackend(runtime));
});

describe('createCpuBackend', () => {
  const backend = createCpuBackend(runtime);
  afterAll(() => backend.dispose());

  it('says what it is', () => {
    expect(backend).toMatchObject({ kind: 'cpu', software: false });
    expect(backend.description).toContain('onnxruntime-node');
  });

  it('keeps a copy of what is uploaded, and gives copies back', async () => {
    const values = Float32Array.of(1, 2, 3, 4);
    const matrix = backend.upload(values, 2, 2);
    values[0] = 9;
    (await backend.download(matrix))[1] = 9;
    expect(await backend.download(matrix)).toEqual(Float32Array.of(1, 2, 3, 4));
  });

  it('refuses values that do not fill the shape, and matrices that were freed', async () => {
    expect(() => backend.upload(new Float32Array(5), 2, 3)).toThrow(RangeError);
    const matrix = backend.upload(new Float32Array(6), 2, 3);
    backend.free(matrix);
    await expect(backend.download(matrix)).rejects.toThrow('[2, 3] was freed');
  });

  it('adds up the Gram matrix of a weight too wide for one piece', async () => {
    // 2^22 entries make a piece: 3 rows of 1.5 M columns need two. Only five columns hold anything, the first and last
    // of both pieces among them, with orthogonal rows in two of the three planes; missing one would turn the axes.
    const [rows, columns] = [3, 1_500_000];
    const width = Math.floor(2 ** 22 / rows);
    const values = new Float32Array(rows * columns);
    for (const [column, entries] of [
      [0, [1, 0, 0]],
      [width - 1, [0.6, 0.5, 0]],
      [width, [-0.6, 0.5, 0.2]],
      [columns - 2, [0, -0.2, 0.5]],
      [columns - 1, [0, 0, 0.1]],
    ] as const) {
      for (let i = 0; i < rows; i++) values[i * columns + column] = entries[i];
    }
    const a = backend.upload(values, rows, columns);
    const basis = await backend.download(await backend.leftSingularVectors(a));
    // The axes diagonalise A·Aᵀ, summed here over the five columns.
    const gram = [1.72, 0, -0.12, 0, 0.54, 0, -0.12, 0, 0.3];
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < i; j++) {
        let form = 0;
        for (let r = 0; r < 3; r++)
          for (let c = 0; c < 3; c++) form += basis[i * 3 + r] * gram[r * 3 + c] * basis[j * 3 + c];
        expect(Math.abs(form)).toBeLessThan(1e-6);
      }
    }
    backend.free(a);
  });

  it('hears a cancel in the middle of the work', async () => {
    const n = 400;
    const a = backend.upload(
      Float32Array.from(normal(n * n, 5), (x) => x / 4),
      n,
      n,
    );
    const cancel = new AbortController();
    let last = 0;
    const work = backend.leftSingularVectors(a, {
      signal: cancel.signal,
      onProgress: (share) => {
        last = share;
        if (share > 0.2) cancel.abort();
      },
    });
    await expect(work).rejects.toMatchObject({ name: 'AbortError' });
    expect(last).toBeLessThan(1);
    backend.free(a);
  });
});

describe('symmetricEigen', () => {
  it.each([1, 2, 3, 4, 5, 17, 49, 64, 98, 130])('n = %i: G·v = λ·v, orthonormal', async (n) => {
    const x = normal(n * n, n);
    const g = new Float64Array(n * n);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) g[i * n + j] = x[i * n + j] + x[j * n + i];
    const { values, vectors } = await symmetricEigen(g.slice(), n, new Pacer(undefined));
    const norm = Math.max(...values.map(Math.abs));
    for (let a = 0; a < n; a++) {
      if (a > 0) expect(values[a]).toBeLessThanOrEqual(values[a - 1]);
      for (let b = 0; b < n; b++) {
        let image = 0;
        let dot = 0;
        for (let c = 0; c < n; c++) {
          image += g[b * n + c] * vectors[a * n + c];
          dot += vectors[a * n + c] * vectors[b * n + c];
        }
        // Backward stable: a modest multiple of 1.1e−16, times the norm.
        expect(Math.abs(image - values[a] * vectors[a * n + b])).toBeLessThan(1e-13 * norm);
        expect(Math.abs(dot - (a === b ? 1 : 0))).toBeLessThan(1e-13);
      }
    }
  });

  it('leaves a diagonal matrix diagonal, and sorts it', async () => {
    const { values, vectors } = await symmetricEigen(
      Float64Array.of(1, 0, 0, 0, 3, 0, 0, 0, 2),
      3,
      new Pacer(undefined),
    );
    expect(values).toEqual(Float64Array.of(3, 2, 1));
    expect(vectors.map(Math.abs)).toEqual(Float64Array.of(0, 1, 0, 0, 0, 1, 1, 0, 0));
  });

  it('finds the one direction of a constant matrix', async () => {
    const n = 64;
    const { values } = await symmetricEigen(new Float64Array(n * n).fill(24), n, new Pacer(undefined));
    expect(values[0]).toBeCloseTo(24 * n, 9);
    expect(Math.max(...values.subarray(1).map(Math.abs))).toBeLessThan(1e-9);
  });

  it('refuses entries that are not finite instead of looping', async () => {
    const g = Float64Array.of(1, Number.NaN, Number.NaN, 1);
    const work = symmetricEigen(g, 2, new Pacer(undefined));
    await expect(work).rejects.toThrow('not finite');
  });
});

it('the CPU backend resolves singular values at 1e−7 of the largest', async () => {
  const backend = createCpuBackend(runtime);
  const [rows, columns] = [30, 50];
  const values = planted(
    rows,
    columns,
    Array.from({ length: rows }, (_, i) => 10 ** (-i / 4)),
    6,
  );
  const truth = new SingularValueDecomposition(Truth.from1DArray(rows, columns, Array.from(values)), {
    autoTranspose: true,
  }).diagonal;
  const a = backend.upload(values, rows, columns);
  const product = await backend.download(await backend.multiply(await backend.leftSingularVectors(a), a));
  for (let i = 0; i < rows; i++) {
    const norm = Math.hypot(...product.subarray(i * columns, (i + 1) * columns));
    // float32 products: a few times 6e−8 of σ₁.
    expect(Math.abs(norm - truth[i])).toBeLessThan(3e-7 * truth[0]);
  }
  backend.dispose();
});
