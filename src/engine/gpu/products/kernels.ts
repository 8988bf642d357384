import copyColumns from '../../../../shaders/matmul/copyColumns.wgsl';
import halfTile from '../../../../shaders/matmul/halfTile.wgsl';
import halfVector from '../../../../shaders/matmul/halfVector.wgsl';
import pickColumns from '../../../../shaders/matmul/pickColumns.wgsl';
import pieceTile from '../../../../shaders/matmul/pieceTile.wgsl';
import scaleColumns from '../../../../shaders/matmul/scaleColumns.wgsl';
import turnPieces from '../../../../shaders/matmul/turnPieces.wgsl';
import unpackHalves from '../../../../shaders/matmul/unpackHalves.wgsl';
import { anyKernel, kernel } from '../kernel';
import { byTile, TILES } from '../kernels';
import { byRow, tileFields, tileGrid, unpackFields, unpackGrid, vectorFields, WORKGROUP } from './kernelParts';

export const copyColumnsKernel = kernel({
  name: 'copyColumns',
  source: copyColumns,
  uniforms: {
    columns: 'u32',
    written: 'u32',
    stride: 'u32',
    firstColumn: 'u32',
    firstToken: 'u32',
    tokens: 'u32',
    accumulate: 'u32',
  },
  bindings: { x: 'read', copy: 'read_write' },
  overrides: { workgroupSize: WORKGROUP },
  grid: ({ written, tokens }) => [Math.ceil(written / WORKGROUP), tokens],
});

export const scaleColumnsKernel = kernel({
  name: 'scaleColumns',
  source: scaleColumns,
  uniforms: { columns: 'u32', firstRow: 'u32', rows: 'u32' },
  bindings: { matrix: 'read', diagonal: 'read', scaled: 'read_write' },
  overrides: { workgroupSize: WORKGROUP },
  grid: ({ columns, rows }) => [Math.ceil(columns / WORKGROUP), rows],
});

export const pickColumnsKernel = kernel({
  name: 'pickColumns',
  source: pickColumns,
  uniforms: { columns: 'u32', picked: 'u32', firstToken: 'u32', tokens: 'u32' },
  bindings: { x: 'read', places: 'read', copy: 'read_write' },
  overrides: { workgroupSize: WORKGROUP },
  grid: ({ picked, tokens }) => [Math.ceil(picked / WORKGROUP), tokens],
});

export const turnPiecesKernel = kernel({
  name: 'turnPieces',
  source: turnPieces,
  uniforms: { rows: 'u32', columns: 'u32', firstPiece: 'u32', pieces: 'u32', accumulate: 'u32' },
  bindings: { x: 'read', turned: 'read_write' },
  overrides: { workgroupSize: WORKGROUP },
  grid: ({ rows, columns, pieces }) => [Math.ceil((rows * columns) / WORKGROUP), pieces],
});

const halfFields = { quadsPerRow: 'u32' } as const;
const halfBindings = { x: 'read', halves: 'read', y: 'read_write' } as const;

export const halfVectorKernels = byRow((overrides, grid) =>
  kernel({
    name: 'halfVector',
    source: halfVector,
    uniforms: vectorFields,
    bindings: halfBindings,
    overrides: { ...overrides, quadsPerLane: 1 },
    grid,
  }),
);

export const halfTileKernels = byTile((variant) =>
  kernel({
    name: 'halfTile',
    source: halfTile,
    uniforms: { ...tileFields, ...halfFields },
    bindings: halfBindings,
    overrides: TILES[variant],
    grid: tileGrid(variant),
  }),
);

export const unpackHalvesKernel = kernel({
  name: 'unpackHalves',
  source: unpackHalves,
  uniforms: { ...unpackFields, ...halfFields },
  bindings: { halves: 'read', dense: 'read_write' },
  overrides: {},
  grid: unpackGrid(4),
});

export const pieceTileKernels = byTile((variant) =>
  kernel({
    name: 'pieceTile',
    source: pieceTile,
    uniforms: { ...tileFields, behind: 'u32' },
    bindings: { x: 'read', weights: 'read', y: 'read_write' },
    overrides: TILES[variant],
    grid: tileGrid(variant),
  }),
);

/** Every kernel of this file, for the test that holds each declaration against its WGSL. */
export const PRODUCT_KERNELS = [
  copyColumnsKernel,
  scaleColumnsKernel,
  ...[...halfVectorKernels.values()].flat(),
  ...Object.values(halfTileKernels),
  unpackHalvesKernel,
  pickColumnsKernel,
  turnPiecesKernel,
  ...Object.values(pieceTileKernels),
].map(anyKernel);
