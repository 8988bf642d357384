import apply from '../../../shaders/factorize/apply.wgsl';
import diagonalize from '../../../shaders/factorize/diagonalize.wgsl';
import gather from '../../../shaders/factorize/gather.wgsl';
import gram from '../../../shaders/factorize/gram.wgsl';
import identity from '../../../shaders/factorize/identity.wgsl';
import norms from '../../../shaders/factorize/norms.wgsl';
import matmul from '../../../shaders/matmul/matmul.wgsl';
import matmulSubgroup from '../../../shaders/matmul/matmulSubgroup.wgsl';
import matmulVector from '../../../shaders/matmul/matmulVector.wgsl';
import { kernel } from './kernel';

/** Rows of a block in the factorisation; two blocks meet, and 2·16 rows fill the 8 KiB of workgroup memory planned. */
export const BLOCK = 16;
/** Entries of a pair's Gram matrix and of its rotation. */
export const PAIR_ENTRIES = (2 * BLOCK) ** 2;

const WORKGROUP = 64;

/**
 * Variants of kernels that use lib/tile. The workgroup has `side` × `side` invocations, and its tile 8·side rows and
 * columns. Operands are staged in workgroup memory, or read directly from their buffers. A side of 8 suits every
 * adapter; 16 uses all of the 256 invocations and 16 KiB that WebGPU guarantees.
 */
export const TILES = {
  'staged 8': { side: 8, staged: 1 },
  'staged 16': { side: 16, staged: 1 },
  'staged 4': { side: 4, staged: 1 },
  'direct 8': { side: 8, staged: 0 },
  'direct 4': { side: 4, staged: 0 },
} as const;
export type TileVariant = keyof typeof TILES;
export const TILE_VARIANTS = Object.keys(TILES) as TileVariant[];
/** Rows and columns of a tile. */
export const tileSize = (variant: TileVariant): number => 8 * TILES[variant].side;

/** A value for each variant of a tile. */
export function byTile<T>(make: (variant: TileVariant) => T): Readonly<Record<TileVariant, T>> {
  return Object.fromEntries(TILE_VARIANTS.map((variant) => [variant, make(variant)])) as Record<TileVariant, T>;
}

/** Rows of a tile of lib/subgroupTile for large products. */
const SUBGROUP_ROWS = 16;

/**
 * Variants of the kernels that import lib/subgroupTile, by the invocations of a workgroup; its tile has four columns for
 * each. They are right with subgroups of every size, and fast where a workgroup has at least one whole subgroup.
 */
export const SUBGROUP_TILES = {
  'subgroup 8': { lanes: 8 },
  'subgroup 32': { lanes: 32 },
  'subgroup 64': { lanes: 64 },
} as const;
export type SubgroupVariant = keyof typeof SUBGROUP_TILES;
export const SUBGROUP_VARIANTS = Object.keys(SUBGROUP_TILES) as SubgroupVariant[];
/** Variants of the product of numbers with numbers. */
export type MatmulVariant = TileVariant | SubgroupVariant;

export const usesSubgroups = (variant: string): variant is SubgroupVariant => variant in SUBGROUP_TILES;

/** Rows and columns of a tile. */
export function matmulTile(variant: MatmulVariant): { readonly rows: number; readonly columns: number } {
  if (usesSubgroups(variant)) return { rows: SUBGROUP_ROWS, columns: 4 * SUBGROUP_TILES[variant].lanes };
  return { rows: tileSize(variant), columns: tileSize(variant) };
}

const matmulOf = <O extends Readonly<Record<string, number>>>(
  name: string,
  source: string,
  overrides: O,
  tile: { readonly rows: number; readonly columns: number },
) =>
  kernel({
    name,
    source,
    uniforms: {
      m: 'u32',
      n: 'u32',
      aRow: 'u32',
      aDepth: 'u32',
      bDepth: 'u32',
      bColumn: 'u32',
      cRow: 'u32',
      cColumn: 'u32',
      firstRow: 'u32',
      firstColumn: 'u32',
      rows: 'u32',
      columns: 'u32',
      firstDepth: 'u32',
      lastDepth: 'u32',
      alpha: 'f32',
      beta: 'f32',
    },
    bindings: { a: 'read', b: 'read', c: 'read_write' },
    overrides,
    grid: ({ rows, columns }) => [Math.ceil(columns / tile.columns), Math.ceil(rows / tile.rows)],
  });

/** The product by subgroups, in tiles of `height` (4, 8 or 16) rows and a workgroup of so many invocations. */
export const matmulSubgroupOf = (lanes: number, height: number) =>
  matmulOf('matmulSubgroup', matmulSubgroup, { lanes, height }, { rows: height, columns: 4 * lanes });

function bySubgroup<T>(make: (lanes: number) => T): Readonly<Record<SubgroupVariant, T>> {
  const made = SUBGROUP_VARIANTS.map((variant) => [variant, make(SUBGROUP_TILES[variant].lanes)]);
  return Object.fromEntries(made) as Record<SubgroupVariant, T>;
}

/** The kernels with subgroups compile only where the adapter has subgroups. */
export const matmulKernels = {
  ...byTile((variant) => matmulOf('matmul', matmul, TILES[variant], matmulTile(variant))),
  ...bySubgroup((lanes) => matmulSubgroupOf(lanes, SUBGROUP_ROWS)),
};

/** Variants of matmulVector: lanes of four columns each, and how many invocations share the columns of a lane. */
export const VECTORS = {
  '4×16': { lanes: 4, slices: 16 },
  '16×4': { lanes: 16, slices: 4 },
  '2×32': { lanes: 2, slices: 32 },
  '32×1': { lanes: 32, slices: 1 },
} as const;
export type VectorVariant = keyof typeof VECTORS;
export const VECTOR_VARIANTS = Object.keys(VECTORS) as VectorVariant[];
/** Rows that matmulVector computes at once; a kernel for each. */
export const WIDTHS = [1, 4, 8] as const;
/** Columns of a workgroup of matmulVector. */
export const vectorColumns = (variant: VectorVariant): number => 4 * VECTORS[variant].lanes;

const matmulVectorOf = (variant: VectorVariant) =>
  WIDTHS.map((width) =>
    kernel({
      name: 'matmulVector',
      source: matmulVector,
      uniforms: {
        m: 'u32',
        n: 'u32',
        aRow: 'u32',
        aDepth: 'u32',
        bDepth: 'u32',
        bColumn: 'u32',
        cRow: 'u32',
        cColumn: 'u32',
        firstColumn: 'u32',
        columns: 'u32',
        firstDepth: 'u32',
        lastDepth: 'u32',
        alpha: 'f32',
        beta: 'f32',
      },
      bindings: { a: 'read', b: 'read', c: 'read_write' },
      overrides: { width, ...VECTORS[variant] },
      grid: ({ columns }) => [Math.ceil(columns / vectorColumns(variant)), 1],
    }),
  );
/** By variant, then by `WIDTHS`. */
export const matmulVectorKernels = Object.fromEntries(
  VECTOR_VARIANTS.map((variant) => [variant, matmulVectorOf(variant)]),
) as Readonly<Record<VectorVariant, ReturnType<typeof matmulVectorOf>>>;

/** Variants of products with 2 to 8 rows. */
export type FewVariant = VectorVariant | SubgroupVariant;
/** By variant, then by `WIDTHS`; rows come in fours. One row does not pay: `bench/results/subgroups.json`. */
export const fewSubgroupKernels = bySubgroup((lanes) => {
  const four = matmulSubgroupOf(lanes, 4);
  return [four, four, matmulSubgroupOf(lanes, 8)];
});

export const gramKernel = kernel({
  name: 'gram',
  source: gram,
  uniforms: {
    columns: 'u32',
    blocks: 'u32',
    round: 'u32',
    firstPair: 'u32',
    pairs: 'u32',
    splits: 'u32',
    columnsPerSplit: 'u32',
  },
  bindings: { rows: 'read', partial: 'read_write' },
  overrides: {},
  grid: ({ pairs, splits }) => [splits, pairs],
});

export const diagonalizeKernel = kernel({
  name: 'diagonalize',
  source: diagonalize,
  uniforms: { firstPair: 'u32', pairs: 'u32', splits: 'u32', sweeps: 'u32', tolerance: 'f32', noise: 'f32' },
  bindings: { partial: 'read', rotations: 'read_write', changed: 'read_write', largestCosine: 'read_write' },
  overrides: { workgroupSize: WORKGROUP },
  grid: ({ pairs }) => [pairs, 1],
});

export const applyKernel = kernel({
  name: 'apply',
  source: apply,
  uniforms: { columns: 'u32', blocks: 'u32', round: 'u32', firstPair: 'u32', pairs: 'u32' },
  bindings: { rotations: 'read', changed: 'read', rows: 'read_write' },
  overrides: { workgroupSize: WORKGROUP },
  grid: ({ columns, pairs }) => [Math.ceil(columns / WORKGROUP), pairs],
});

export const normsKernel = kernel({
  name: 'norms',
  source: norms,
  uniforms: { rows: 'u32', columns: 'u32' },
  bindings: { matrix: 'read', norms: 'read_write' },
  overrides: { workgroupSize: WORKGROUP },
  grid: ({ rows }) => [rows, 1],
});

export const gatherKernel = kernel({
  name: 'gather',
  source: gather,
  uniforms: { rows: 'u32', columns: 'u32' },
  bindings: { matrix: 'read', order: 'read', sorted: 'read_write' },
  overrides: { workgroupSize: WORKGROUP },
  grid: ({ rows, columns }) => [Math.ceil(columns / WORKGROUP), rows],
});

export const identityKernel = kernel({
  name: 'identity',
  source: identity,
  uniforms: { columns: 'u32' },
  bindings: { matrix: 'read_write' },
  overrides: { workgroupSize: WORKGROUP },
  grid: ({ columns }) => [Math.ceil(columns / WORKGROUP), 1],
});

/** Variants of lib/rowProduct: how many invocations share a row. */
export const ROW_SLICES = [16, 4, 1] as const;
export type RowSlices = (typeof ROW_SLICES)[number];

/** Every kernel there is, for the test that holds each declaration against its WGSL. */
export const KERNELS = [
  ...Object.values(matmulKernels),
  ...Object.values(matmulVectorKernels).flat(),
  ...new Set(Object.values(fewSubgroupKernels).flat()),
  gramKernel,
  diagonalizeKernel,
  applyKernel,
  normsKernel,
  gatherKernel,
  identityKernel,
];
