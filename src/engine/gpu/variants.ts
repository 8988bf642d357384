import type { Device } from './device';
import {
  type FewVariant,
  type MatmulVariant,
  type RowSlices,
  SUBGROUP_TILES,
  SUBGROUP_VARIANTS,
  type SubgroupVariant,
  type TileVariant,
  type VectorVariant,
} from './kernels';

/**
 * The variants of the kernels to use. All tiles give equal bits. Other variants differ in rounding, since they slice
 * sums differently.
 */
export interface Variants {
  /** Of products of numbers. */
  readonly matmul: MatmulVariant;
  /** Of other tiles of numbers. */
  readonly tile: TileVariant;
  /** Of products of many tokens with weights that are decoded: once a tile, or once, into memory. */
  readonly decoding: TileVariant | 'unpacked';
  /** Of products of numbers with 2 to 8 rows or columns. */
  readonly few: FewVariant;
  /** … with one. */
  readonly vector: VectorVariant;
  /** Of products of few tokens with weights that are decoded, or stored as entries: how many invocations share a row. */
  readonly rowSlices: RowSlices;
}

/**
 * The variants with subgroups that suit an adapter: a workgroup of at least one subgroup, so that no lane is idle, but
 * of few. The largest workgroup is used for subgroups of 64 and 128.
 */
export function subgroupVariants(subgroups: Device['subgroups']): SubgroupVariant[] {
  if (!subgroups) return [];
  const { least, most } = subgroups;
  return SUBGROUP_VARIANTS.filter((variant) => {
    const { lanes } = SUBGROUP_TILES[variant];
    return lanes >= Math.min(least, 64) && lanes < 4 * most;
  });
}

/**
 * The variants for adapters where nothing was timed. On a software adapter, values that live across a barrier are kept
 * in memory. SwiftShader took 20 ms for 256³ staged and 11 ms direct, 2.0 ms for [1, 512]·[512, 512] with 16 slices and
 * 0.9 ms with one, and with 4-bit weights 4.5 and 2.7 ms. Where its subgroups have 8 invocations or more, a shuffle is
 * cheaper than the reads that it saves: `bench/results/subgroups.json`.
 */
export function usualVariants({ software, subgroups }: Pick<Device, 'software' | 'subgroups'>): Variants {
  if (!software) {
    const [tile, vector] = ['staged 8', '4×16'] as const;
    return { matmul: tile, tile, decoding: tile, few: vector, vector, rowSlices: 16 };
  }
  const [shuffled] = subgroups && subgroups.least >= 8 ? subgroupVariants(subgroups) : [];
  const [tile, vector] = ['direct 4', '32×1'] as const;
  const products = { matmul: shuffled ?? tile, few: shuffled ?? vector };
  return { ...products, tile, decoding: 'unpacked', vector, rowSlices: 1 };
}
