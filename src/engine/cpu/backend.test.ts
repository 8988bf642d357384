import { SingularValueDecomposition, Matrix as Truth } from 'ml-matrix';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { linalgSuite } from '../linalg/suite';
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
    const basis = await backend.download((await backend.leftSingularVectors(a)).vectors);
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
  const { vectors } = await backend.leftSingularVectors(a);
  const product = await backend.download(await backend.multiply(vectors, a));
  for (let i = 0; i < rows; i++) {
    const norm = Math.hypot(...product.subarray(i * columns, (i + 1) * columns));
    // float32 products: a few times 6e−8 of σ₁.
    expect(Math.abs(norm - truth[i])).toBeLessThan(3e-7 * truth[0]);
  }
  backend.dispose();
});
