import { describe, expect, it } from 'vitest';
import type { LayerReport, LayerSpectrum } from '../../engine/project/engine';
import { arrange } from './arrange';

const layer = (name: string, op: string, shape: number[], compressible = true): LayerReport => ({
  id: name,
  name,
  weight: `${name}.weight`,
  op,
  shape,
  parameters: shape[0] * shape[1],
  bytes: 4 * shape[0] * shape[1],
  dtype: 'float32',
  compressible,
  consumers: [],
});
const layers = [
  layer('block.10/up', 'Gemm', [8, 4]),
  layer('block.2/up', 'MatMul', [16, 4]),
  layer('block.2/down', 'MatMul', [4, 16]),
  layer('norm', 'Mul', [1, 4], false),
];
const spectrum = (id: string, effectiveRank: number): LayerSpectrum => ({
  kind: 'matrix',
  id,
  values: Float64Array.of(2, 1, 1, 1),
  effectiveRank,
});
const none = new Map<string, LayerSpectrum>();
const names = (
  filter: string,
  sort: Parameters<typeof arrange>[2]['sort'] = 'order',
  descending = false,
  spectra = none,
) => arrange(layers, spectra, { sort, descending, filter }).map(({ name }) => name);

describe('the filter', () => {
  it('finds by name, operator and shape, however the shape is written', () => {
    expect(names('DOWN')).toEqual(['block.2/down']);
    expect(names('gemm')).toEqual(['block.10/up']);
    expect(names('16x4')).toEqual(['block.2/up']);
    expect(names('16 × 4')).toEqual(['block.2/up']);
  });
  it('wants all of its words, in any order', () => {
    expect(names('matmul up')).toEqual(['block.2/up']);
    expect(names('up nothing')).toEqual([]);
  });
});

describe('the order', () => {
  it('of names counts as people do', () => {
    expect(names('', 'name')).toEqual(['block.2/down', 'block.2/up', 'block.10/up']);
  });
  it('puts layers without the figure last, rising or falling', () => {
    const spectra = new Map([
      ['block.2/up', spectrum('block.2/up', 3)],
      ['block.10/up', spectrum('block.10/up', 2)],
    ]);
    expect(names('', 'effectiveRank', true, spectra).at(-1)).toBe('block.2/down');
    expect(names('', 'effectiveRank', false, spectra)).toEqual(['block.10/up', 'block.2/up', 'block.2/down']);
  });
  it('leaves the model as it was', () => {
    names('', 'order', true);
    expect(layers[0].name).toBe('block.10/up');
  });
});
