import { expect } from 'vitest';
import { methods } from '../methods/registry';

/** A step of every method, each with and without looking at data where it can. */
export const STEPS: readonly { readonly method: string; readonly options: Readonly<Record<string, unknown>> }[] = [
  { method: 'svd', options: { size: 0.5 } },
  { method: 'svd', options: { size: 0.5, whiten: 'full' } },
  { method: 'tensor-train', options: { size: 0.5 } },
  { method: 'tensor-train', options: { size: 0.5, whiten: 'diagonal' } },
  { method: 'low-rank-plus-sparse', options: { size: 0.6, iterations: 3 } },
  { method: 'low-rank-plus-sparse', options: { size: 0.6, iterations: 3, whiten: 'diagonal' } },
  { method: 'prune', options: { sparsity: 0.7 } },
  { method: 'prune', options: { sparsity: 0.7, scope: 'model' } },
  { method: 'prune', options: { sparsity: 0.7, score: 'wanda' } },
  { method: 'prune', options: { sparsity: 0.7, score: 'sparsegpt' } },
  { method: 'prune-structured', options: { size: 0.7 } },
  { method: 'prune-structured', options: { size: 0.7, score: 'wanda' } },
  { method: 'quantize', options: { bits: 8 } },
  { method: 'quantize', options: { bits: 4, groupSize: 16 } },
  { method: 'quantize', options: { bits: 4, groupSize: 16, rounding: 'gptq' } },
  { method: 'quantize', options: { bits: 4, groupSize: 16, rounding: 'awq' } },
  { method: 'quantize', options: { bits: 8, activations: 'dynamic' } },
  { method: 'quantize', options: { bits: 8, activations: 'outliers' } },
  { method: 'cluster', options: { values: 16 } },
  { method: 'cluster', options: { values: 16, scope: 'model' } },
  { method: 'share', options: { size: 0.5 } },
  { method: 'half', options: {} },
];

/** Asserts that no method is left out. */
export const expectEveryMethod = (): void =>
  expect([...new Set(STEPS.map(({ method }) => method))].sort()).toEqual(methods.map(({ name }) => name).sort());
