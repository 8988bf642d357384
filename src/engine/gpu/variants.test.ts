import { describe, expect, it } from 'vitest';
import { subgroupVariants, usualVariants } from './variants';

describe('the variants with subgroups that an adapter is offered', () => {
  it.each([
    [4, 4, ['subgroup 8']],
    [8, 8, ['subgroup 8']],
    [16, 16, ['subgroup 32']],
    [32, 32, ['subgroup 32', 'subgroup 64']],
    [64, 64, ['subgroup 64']],
    [128, 128, ['subgroup 64']],
    [8, 32, ['subgroup 8', 'subgroup 32', 'subgroup 64']],
    [32, 64, ['subgroup 32', 'subgroup 64']],
    [4, 128, ['subgroup 8', 'subgroup 32', 'subgroup 64']],
  ])('subgroups of %i to %i: %j', (least, most, variants) => {
    expect(subgroupVariants({ least, most })).toEqual(variants);
  });

  it('none without subgroups', () => {
    expect(subgroupVariants(undefined)).toEqual([]);
  });
});

describe('the usual variants', () => {
  it('use subgroups on a software adapter alone, where they are of 8 or more', () => {
    const matmulOf = (software: boolean, size?: number) =>
      usualVariants({ software, subgroups: size === undefined ? undefined : { least: size, most: size } }).matmul;
    expect(matmulOf(true, 8)).toBe('subgroup 8');
    expect(matmulOf(true, 4)).toBe('direct 4');
    expect(matmulOf(true)).toBe('direct 4');
    expect(matmulOf(false, 32)).toBe('staged 8');
  });
});
