import apply from '../../../shaders/factorize/apply.wgsl';
import diagonalize from '../../../shaders/factorize/diagonalize.wgsl';
import gather from '../../../shaders/factorize/gather.wgsl';
import gram from '../../../shaders/factorize/gram.wgsl';
import identity from '../../../shaders/factorize/identity.wgsl';
import norms from '../../../shaders/factorize/norms.wgsl';
import matmul from '../../../shaders/matmul/matmul.wgsl';
import { kernel } from './kernel';

/** Rows of a block in the factorisation; two blocks meet, and 2·16 rows fill the 8 KiB of workgroup memory planned. */
export const BLOCK = 16;
/** Entries of a pair's Gram matrix and of its rotation. */
export const PAIR_ENTRIES = (2 * BLOCK) ** 2;

const WORKGROUP = 64;

/**
 * Invocations per side of matmul's workgroup; its tile has 8·side rows and columns. The usual first: 64 in all suit every
 * adapter. 16 fills the 256 invocations and 16 KiB that WebGPU grants everywhere.
 */
export const MATMUL_SIDES = [8, 16, 4] as const;
export type MatmulSide = (typeof MATMUL_SIDES)[number];
export const matmulTile = (side: MatmulSide): number => 8 * side;
export const MATMUL_TILE = matmulTile(MATMUL_SIDES[0]);

const matmulOf = (side: MatmulSide) =>
  kernel({
    name: 'matmul',
    source: matmul,
    uniforms: {
      m: 'u32',
      n: 'u32',
      aRow: 'u32',
      aDepth: 'u32',
      bDepth: 'u32',
      bColumn: 'u32',
      cRow: 'u32',
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
    overrides: { side },
    grid: ({ rows, columns }) => [Math.ceil(columns / matmulTile(side)), Math.ceil(rows / matmulTile(side))],
  });

export const matmulKernels = { 4: matmulOf(4), 8: matmulOf(8), 16: matmulOf(16) } as const;
export const matmulKernel = matmulKernels[MATMUL_SIDES[0]];

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

/** Every kernel there is, for the test that holds each declaration against its WGSL. */
export const KERNELS = [
  matmulKernel,
  gramKernel,
  diagonalizeKernel,
  applyKernel,
  normsKernel,
  gatherKernel,
  identityKernel,
];
