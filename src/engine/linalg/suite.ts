import { EigenvalueDecomposition, Matrix, SingularValueDecomposition } from 'ml-matrix';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../backend';
import { UserError } from '../errors';
import { normal, planted } from '../reference/random';
import { truncationError, tuckerError } from './spectrum';
import { type MatrixWeight, type Svd, svd, truncate } from './svd';
import { type ConvolutionWeight, hosvd, type Tucker2, truncateTucker2 } from './tucker2';

/**
 * What every backend must deliver, on matrices whose singular values are known. Tolerances:
 * - orthogonality 2e−5: entries of J·Jᵀ after the polish; float32 sums of some hundred terms stay well below.
 * - singular values 2e−6·σ₁: rounding the planted matrix to float32 moves them by up to 3e−8·√(mn)/σ₁, the product that
 *   they are read from by a few roundoffs more.
 * - error at a rank ≤ 1.0005·optimum + 3e−7·√k: a nearly optimal subspace, and float32 factors.
 * - predicted against measured: 1e−3 relative, 1e−6 absolute (a few roundoffs of float32).
 */
export function linalgSuite(open: () => Promise<Backend>): void {
  let backend: Backend;
  beforeAll(async () => {
    backend = await open();
  });
  afterAll(() => backend.dispose());

  describe('multiply', () => {
    it.each([
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ])('transpose a: %s, b: %s', async (a, b) => {
      const [m, k, n] = [37, 65, 19];
      const x = Float32Array.from(normal(m * k, 1));
      const y = Float32Array.from(normal(k * n, 2));
      const first = backend.upload(x, ...(a ? ([k, m] as const) : ([m, k] as const)));
      const second = backend.upload(y, ...(b ? ([n, k] as const) : ([k, n] as const)));
      const product = await backend.multiply(first, second, { a, b });
      expect([product.rows, product.columns]).toEqual([m, n]);
      const values = await backend.download(product);
      backend.free(first, second, product);
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let expected = 0;
          for (let l = 0; l < k; l++) expected += x[a ? l * m + i : i * k + l] * y[b ? j * k + l : l * n + j];
          // 65 terms of magnitude 1, each rounded at 6e−8.
          expect(Math.abs(values[i * n + j] - expected)).toBeLessThan(1e-5);
        }
      }
    });

    it('refuses inner dimensions that differ', async () => {
      const a = backend.upload(new Float32Array(6), 2, 3);
      await expect(Promise.resolve().then(() => backend.multiply(a, a))).rejects.toThrow(RangeError);
      backend.free(a);
    });
  });

  describe('leftSingularVectors', () => {
    it('completes the basis of a tall matrix', async () => {
      const a = backend.upload(
        Float32Array.from(normal(61 * 9, 3), (x) => x / 4),
        61,
        9,
      );
      const j = await backend.leftSingularVectors(a);
      expect([j.rows, j.columns]).toEqual([61, 61]);
      // What the contract promises before the polish.
      expect(deviation(await backend.download(j), 61)).toBeLessThan(1e-5);
      backend.free(a, j);
    });
  });

  describe('svd', () => {
    for (const { name, rows, columns, sigma, scale = 1 } of CASES) {
      it(name, async () => {
        const values = planted(rows, columns, sigma, rows * 1000 + columns).map((x) => x * scale);
        const weight = { values, rows, columns };
        const k = Math.min(rows, columns);
        const truth = Float64Array.from({ length: k }, (_, i) => (sigma[i] ?? 0) * scale);
        const result = await svd(backend, weight);
        expectShape(result, weight);
        expectValues(result, truth);
        await expectTruncations(backend, weight, result, truth);
      });
    }

    it('a random matrix, against float64', async () => {
      const [rows, columns] = [96, 70];
      const values = Float32Array.from(normal(rows * columns, 7));
      const truth = new SingularValueDecomposition(Matrix.from1DArray(rows, columns, Array.from(values)));
      const result = await svd(backend, { values, rows, columns });
      expectValues(result, Float64Array.from(truth.diagonal));
      await expectTruncations(backend, { values, rows, columns }, result, Float64Array.from(truth.diagonal));
    });

    it('is the same twice', async () => {
      const weight = { values: Float32Array.from(normal(40 * 50, 8)), rows: 40, columns: 50 };
      expect(await svd(backend, weight)).toEqual(await svd(backend, weight));
    });

    it('refuses NaN and infinities, naming the weight', async () => {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const failing = svd(backend, { values: Float32Array.of(1, bad, 2, 3), rows: 2, columns: 2, name: 'fc.weight' });
        await expect(failing).rejects.toBeInstanceOf(UserError);
        await expect(failing).rejects.toThrow('Weight "fc.weight" holds NaN or infinite values');
      }
    });

    it('refuses ranks that the matrix does not have', async () => {
      const weight = { values: Float32Array.from(normal(12, 9)), rows: 3, columns: 4 };
      const result = await svd(backend, weight);
      for (const rank of [0, 4, 1.5, Number.NaN]) {
        await expect(truncate(backend, weight, result, rank)).rejects.toThrow(RangeError);
      }
    });

    it('stops when aborted, and reports progress up to 1', async () => {
      const weight = { values: Float32Array.from(normal(64 * 64, 10)), rows: 64, columns: 64 };
      const reason = new DOMException('cancelled', 'AbortError');
      await expect(svd(backend, weight, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const shares: number[] = [];
      await svd(backend, weight, { onProgress: ({ done, total }) => shares.push(done / total) });
      expect(shares.at(-1)).toBe(1);
      expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    });
  });

  describe('tucker2', () => {
    it.each([
      ['wide', 12, 8, 9, 1],
      ['more outputs than the inputs and taps can fill', 40, 3, 9, 1],
      ['more inputs than the outputs and taps can fill', 2, 20, 4, 1],
      ['one channel each', 1, 1, 9, 1],
      ['tiny weights', 10, 12, 9, 1e-18],
      ['huge weights', 10, 12, 9, 1e18],
    ])('%s: [%i, %i, %i]', async (_, out, inner, taps, scale) => {
      const weight = convolution(out, inner, taps, scale);
      const factors = await hosvd(backend, weight);
      expect(deviation(factors.outBasis, out)).toBeLessThan(2e-5);
      expect(deviation(factors.inBasis, inner)).toBeLessThan(2e-5);
      expect(factors.energy).toHaveLength((out + 1) * (inner + 1));
      expectClose(factors.outValues, unfoldingValues(weight, 'out'), 2e-6);
      expectClose(factors.inValues, unfoldingValues(weight, 'in'), 2e-6);
      for (const [rOut, rIn] of [
        [1, 1],
        [Math.ceil(out / 2), Math.ceil(inner / 3)],
        [Math.ceil(out / 3), inner],
        [out, Math.ceil(inner / 2)],
        [out, inner],
      ]) {
        const parts = truncateTucker2(factors, { rOut, rIn });
        const measured = relativeError(weight.values, composed(parts, weight, rOut, rIn));
        const predicted = tuckerError(factors, rOut, rIn);
        expect(Math.abs(measured - predicted)).toBeLessThan(1e-3 * measured + 1e-6);
      }
    });

    it('a zero weight', async () => {
      const factors = await hosvd(backend, { values: new Float32Array(4 * 3 * 9), out: 4, in: 3, taps: 9 });
      expect(tuckerError(factors, 1, 1)).toBe(0);
      expect(truncateTucker2(factors, { rOut: 2, rIn: 1 }).core).toEqual(new Float32Array(2 * 9));
    });

    it('finds planted ranks', async () => {
      const weight = lowRankConvolution(16, 12, 9, 3, 2);
      const factors = await hosvd(backend, weight);
      expect(tuckerError(factors, 3, 2)).toBeLessThan(1e-6);
      expect(tuckerError(factors, 2, 2)).toBeGreaterThan(0.05);
      expect(tuckerError(factors, 3, 1)).toBeGreaterThan(0.05);
    });
  });
}

interface Case {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly sigma: readonly number[];
  readonly scale?: number;
}

const decay = (count: number, last: number) => Array.from({ length: count }, (_, i) => last ** (i / (count - 1)));

const CASES: readonly Case[] = [
  { name: 'decay to 1e−7, wide', rows: 48, columns: 90, sigma: decay(48, 1e-7) },
  { name: 'decay to 1e−7, tall', rows: 90, columns: 48, sigma: decay(48, 1e-7) },
  {
    name: 'clusters',
    rows: 40,
    columns: 60,
    sigma: [3, 2, 1].flatMap((s) => Array.from({ length: 13 }, (_, i) => s - i * 1e-6)),
  },
  { name: 'all equal', rows: 32, columns: 32, sigma: Array(32).fill(1) },
  {
    name: 'repeated',
    rows: 33,
    columns: 50,
    sigma: [...Array(8).fill(5), ...Array(16).fill(1), ...Array(9).fill(0.01)],
  },
  { name: 'rank 5 of 45', rows: 45, columns: 64, sigma: [9, 7, 5, 3, 1] },
  { name: 'rank 1', rows: 20, columns: 30, sigma: [4] },
  { name: 'all zero', rows: 12, columns: 17, sigma: [] },
  { name: 'tiny: 1e−18', rows: 24, columns: 36, sigma: decay(24, 1e-3), scale: 1e-18 },
  { name: 'huge: 1e18', rows: 36, columns: 24, sigma: decay(24, 1e-3), scale: 1e18 },
  { name: '1×n', rows: 1, columns: 40, sigma: [2] },
  { name: 'n×1', rows: 40, columns: 1, sigma: [2] },
  { name: '1×1', rows: 1, columns: 1, sigma: [0.3] },
  { name: '2×2', rows: 2, columns: 2, sigma: [1, 0.5] },
  { name: 'far from square', rows: 9, columns: 700, sigma: decay(9, 0.1) },
];

function expectShape({ basis, transposed }: Svd, { rows, columns }: MatrixWeight): void {
  const k = Math.min(rows, columns);
  expect(transposed).toBe(rows > columns);
  expect(basis).toHaveLength(k * k);
  expect(deviation(basis, k)).toBeLessThan(2e-5);
}

function expectValues({ values }: Svd, truth: Float64Array): void {
  expect(values).toEqual(values.toSorted((a, b) => b - a));
  expectClose(values, truth, 2e-6);
}

/** Entry by entry, relative to the largest. */
function expectClose(actual: Float64Array, truth: Float64Array, tolerance: number): void {
  expect(actual).toHaveLength(truth.length);
  const off = actual.map((value, i) => Math.abs(value - truth[i]));
  expect(Math.max(...off)).toBeLessThanOrEqual(tolerance * truth[0]);
}

async function expectTruncations(backend: Backend, weight: MatrixWeight, result: Svd, truth: Float64Array) {
  const k = truth.length;
  for (const rank of new Set([1, Math.ceil(k / 10), Math.ceil(k / 4), Math.ceil(k / 2), k])) {
    const { left, right } = await truncate(backend, weight, result, rank);
    expect(left).toHaveLength(weight.rows * rank);
    expect(right).toHaveLength(rank * weight.columns);
    const measured = relativeError(weight.values, product(left, right, weight, rank));
    const predicted = truncationError(result.values, rank);
    expect(measured).toBeLessThanOrEqual(1.0005 * truncationError(truth, rank) + 3e-7 * Math.sqrt(k));
    expect(Math.abs(measured - predicted)).toBeLessThanOrEqual(1e-3 * measured + 1e-6);
  }
}

function product(left: Float32Array, right: Float32Array, { rows, columns }: MatrixWeight, rank: number): Float64Array {
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let r = 0; r < rank; r++) {
      for (let j = 0; j < columns; j++) result[i * columns + j] += left[i * rank + r] * right[r * columns + j];
    }
  }
  return result;
}

/** ‖w − approximation‖/‖w‖; 0 for a zero weight that is met exactly. A NaN stays one, and fails every comparison. */
function relativeError(w: ArrayLike<number>, approximation: Float64Array): number {
  let difference = 0;
  let whole = 0;
  for (let i = 0; i < w.length; i++) {
    difference += (w[i] - approximation[i]) ** 2;
    whole += w[i] ** 2;
  }
  return difference === 0 ? 0 : Math.sqrt(difference / whole);
}

/** The largest entry of |J·Jᵀ − I|. */
function deviation(j: Float32Array, n: number): number {
  expect(j).toHaveLength(n * n);
  let worst = 0;
  for (let a = 0; a < n; a++) {
    for (let b = 0; b <= a; b++) {
      let dot = a === b ? -1 : 0;
      for (let c = 0; c < n; c++) dot += j[a * n + c] * j[b * n + c];
      worst = Math.max(worst, Number.isNaN(dot) ? Number.POSITIVE_INFINITY : Math.abs(dot));
    }
  }
  return worst;
}

/** Random, with channels of falling size, so that its spectra fall too. */
function convolution(out: number, inner: number, taps: number, scale: number): ConvolutionWeight {
  const noise = normal(out * inner * taps, out * 100 + inner);
  const values = Float32Array.from(noise, (x, at) => {
    const t = Math.floor(at / (inner * taps));
    const c = Math.floor(at / taps) % inner;
    return (scale * x) / ((1 + t) * (1 + c));
  });
  return { values, out, in: inner, taps };
}

function lowRankConvolution(out: number, inner: number, taps: number, rOut: number, rIn: number): ConvolutionWeight {
  const parts = {
    output: Float32Array.from(normal(out * rOut, 97)),
    core: Float32Array.from(normal(rOut * rIn * taps, 98)),
    input: Float32Array.from(normal(rIn * inner, 99)),
  };
  const shape = { values: new Float32Array(out * inner * taps), out, in: inner, taps };
  return { ...shape, values: Float32Array.from(composed(parts, shape, rOut, rIn)) };
}

function composed(parts: Tucker2, weight: ConvolutionWeight, rOut: number, rIn: number): Float64Array {
  const { out, in: inner, taps } = weight;
  const result = new Float64Array(out * inner * taps);
  for (let t = 0; t < out; t++) {
    for (let b = 0; b < rOut; b++) {
      for (let a = 0; a < rIn; a++) {
        for (let c = 0; c < inner; c++) {
          const factor = parts.output[t * rOut + b] * parts.input[a * inner + c];
          for (let k = 0; k < taps; k++) {
            result[(t * inner + c) * taps + k] += factor * parts.core[(b * rIn + a) * taps + k];
          }
        }
      }
    }
  }
  return result;
}

/** Square roots of the eigenvalues of the unfolding's Gram matrix, in float64. */
function unfoldingValues({ values, out, in: inner, taps }: ConvolutionWeight, side: 'out' | 'in'): Float64Array {
  const [n, others] = side === 'out' ? [out, inner] : [inner, out];
  const unit = values.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
  const row = (i: number): number[] =>
    Array.from({ length: others * taps }, (_, at) => {
      const j = Math.floor(at / taps);
      return values[(side === 'out' ? i * inner + j : j * inner + i) * taps + (at % taps)] / unit;
    });
  const unfolding = new Matrix(Array.from({ length: n }, (_, i) => row(i)));
  const { realEigenvalues } = new EigenvalueDecomposition(unfolding.mmul(unfolding.transpose()), {
    assumeSymmetric: true,
  });
  return Float64Array.from(realEigenvalues, (value) => unit * Math.sqrt(Math.max(0, value))).sort((a, b) => b - a);
}
