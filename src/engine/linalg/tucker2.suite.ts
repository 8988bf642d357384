import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Backend } from '../backend/backend';
import { normal } from '../reference/random';
import { deviation, expectClose, relativeError } from './spectra.fixtures';
import { tuckerError } from './spectrum';
import { type ConvolutionWeight, hosvd, type Tucker2, truncateTucker2 } from './tucker2';

export function tucker2Suite(backend: () => Backend): void {
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
      const factors = await hosvd(backend(), weight);
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
      const factors = await hosvd(backend(), { values: new Float32Array(4 * 3 * 9), out: 4, in: 3, taps: 9 });
      expect(tuckerError(factors, 1, 1)).toBe(0);
      expect(truncateTucker2(factors, { rOut: 2, rIn: 1 }).core).toEqual(new Float32Array(2 * 9));
    });

    it('finds planted ranks', async () => {
      const weight = lowRankConvolution(16, 12, 9, 3, 2);
      const factors = await hosvd(backend(), weight);
      expect(tuckerError(factors, 3, 2)).toBeLessThan(1e-6);
      expect(tuckerError(factors, 2, 2)).toBeGreaterThan(0.05);
      expect(tuckerError(factors, 3, 1)).toBeGreaterThan(0.05);
    });
  });
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
