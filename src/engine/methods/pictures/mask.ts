import { blockMeans, type HeatMap } from './heatMap';

/** Where weights are left: each entry of `map` is the share of its block that is not zero. */
export interface MaskPicture {
  readonly kind: 'mask';
  readonly map: HeatMap;
  readonly zeros: number;
  readonly of: number;
}

export function maskOf(values: Float32Array, shape: readonly number[]): MaskPicture {
  let zeros = 0;
  for (const value of values) if (value === 0) zeros++;
  return { kind: 'mask', map: blockMeans(values, shape, (value) => Number(value !== 0)), zeros, of: values.length };
}
