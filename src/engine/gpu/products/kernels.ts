import copyColumns from '../../../../shaders/matmul/copyColumns.wgsl';
import halfTile from '../../../../shaders/matmul/halfTile.wgsl';
import halfVector from '../../../../shaders/matmul/halfVector.wgsl';
import pickColumns from '../../../../shaders/matmul/pickColumns.wgsl';
import pieceTile from '../../../../shaders/matmul/pieceTile.wgsl';
import scaleColumns from '../../../../shaders/matmul/scaleColumns.wgsl';
import turnPieces from '../../../../shaders/matmul/turnPieces.wgsl';
import unpackHalves from '../../../../shaders/matmul/unpackHalves.wgsl';
import codebookTile from '../../../../shaders/quantize/codebookTile.wgsl';
import codebookVector from '../../../../shaders/quantize/codebookVector.wgsl';
import dequantize from '../../../../shaders/quantize/dequantize.wgsl';
import lookUp from '../../../../shaders/quantize/lookUp.wgsl';
import quantizedTile from '../../../../shaders/quantize/quantizedTile.wgsl';
import quantizedVector from '../../../../shaders/quantize/quantizedVector.wgsl';
import sharedTile from '../../../../shaders/share/sharedTile.wgsl';
import sharedVector from '../../../../shaders/share/sharedVector.wgsl';
import unshare from '../../../../shaders/share/unshare.wgsl';
import { anyKernel, kernel } from '../kernel';
import { byTile, ROW_SLICES, type RowSlices, TILES, type TileVariant, tileSize, WIDTHS } from '../kernels';

const WORKGROUP = 64;
/** Rows of W in a workgroup of lib/rowProduct. */
export const rowsOf = (slices: RowSlices): number => 128 / slices;

/** Kernels of lib/rowProduct, by slices, then by `WIDTHS`: the tokens that are computed at once. */
function byRow<T>(
  make: (
    overrides: { width: number; slices: RowSlices },
    grid: (uniforms: { rowsHere: number }) => [number, number],
  ) => T,
) {
  return new Map(
    ROW_SLICES.map((slices) => {
      const grid = ({ rowsHere }: { rowsHere: number }): [number, number] => [Math.ceil(rowsHere / rowsOf(slices)), 1];
      return [slices, WIDTHS.map((width) => make({ width, slices }, grid))];
    }),
  );
}

const vectorFields = {
  tokens: 'u32',
  firstToken: 'u32',
  rows: 'u32',
  firstRow: 'u32',
  rowsHere: 'u32',
  quads: 'u32',
  accumulate: 'u32',
} as const;

const tileFields = {
  tokens: 'u32',
  firstToken: 'u32',
  rows: 'u32',
  firstRow: 'u32',
  columns: 'u32',
  firstDepth: 'u32',
  lastDepth: 'u32',
  accumulate: 'u32',
  tokensHere: 'u32',
  rowsHere: 'u32',
} as const;
const tileGrid =
  (variant: TileVariant) =>
  ({ rowsHere, tokensHere }: { rowsHere: number; tokensHere: number }): [number, number] => [
    Math.ceil(rowsHere / tileSize(variant)),
    Math.ceil(tokensHere / tileSize(variant)),
  ];

/** Of the kernels that make rows of a weight dense. */
const unpackFields = { columns: 'u32', firstRow: 'u32', rowsHere: 'u32' } as const;
const unpackGrid =
  (perInvocation: number) =>
  ({ columns, rowsHere }: { columns: number; rowsHere: number }): [number, number] => [
    Math.ceil(columns / (WORKGROUP * perInvocation)),
    rowsHere,
  ];

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

const quantizedFields = { wordsPerRow: 'u32', blocks: 'u32', blockShift: 'u32', zeroPointBytes: 'u32' } as const;
const quantizedStored = { codes: 'read', scales: 'read', zeroPoints: 'read' } as const;
const quantizedBindings = { x: 'read', ...quantizedStored, y: 'read_write' } as const;

/** The kernels for each number of bits. */
export const quantizedKernels = new Map(
  ([2, 4, 8] as const).map((bits) => {
    const vector = byRow((overrides, grid) =>
      kernel({
        name: 'quantizedVector',
        source: quantizedVector,
        uniforms: { ...vectorFields, ...quantizedFields },
        bindings: quantizedBindings,
        // A word of codes serves one invocation, which then keeps it in a register.
        overrides: { ...overrides, quadsPerLane: 8 / bits, bits },
        grid,
      }),
    );
    const tile = byTile((variant) =>
      kernel({
        name: 'quantizedTile',
        source: quantizedTile,
        uniforms: { ...tileFields, ...quantizedFields },
        bindings: quantizedBindings,
        overrides: { ...TILES[variant], bits },
        grid: tileGrid(variant),
      }),
    );
    const dense = kernel({
      name: 'dequantize',
      source: dequantize,
      uniforms: { ...unpackFields, ...quantizedFields },
      bindings: { ...quantizedStored, dense: 'read_write' },
      overrides: { bits },
      grid: unpackGrid(4),
    });
    return [bits, { vector, tile, dense }] as const;
  }),
);

const codebookFields = { wordsPerRow: 'u32' } as const;
const codebookStored = { codes: 'read', table: 'read' } as const;
const codebookBindings = { x: 'read', ...codebookStored, y: 'read_write' } as const;

/** The kernels for each number of bits. */
export const codebookKernels = new Map(
  ([1, 2, 4, 8] as const).map((bits) => {
    const vector = byRow((overrides, grid) =>
      kernel({
        name: 'codebookVector',
        source: codebookVector,
        uniforms: { ...vectorFields, ...codebookFields },
        bindings: codebookBindings,
        // As for quantised weights: a word of codes serves one invocation.
        overrides: { ...overrides, quadsPerLane: 8 / bits, bits },
        grid,
      }),
    );
    const tile = byTile((variant) =>
      kernel({
        name: 'codebookTile',
        source: codebookTile,
        uniforms: { ...tileFields, ...codebookFields },
        bindings: codebookBindings,
        overrides: { ...TILES[variant], bits },
        grid: tileGrid(variant),
      }),
    );
    const dense = kernel({
      name: 'lookUp',
      source: lookUp,
      uniforms: { ...unpackFields, ...codebookFields },
      bindings: { ...codebookStored, dense: 'read_write' },
      overrides: { bits },
      grid: unpackGrid(4),
    });
    return [bits, { vector, tile, dense }] as const;
  }),
);

const slotFields = {
  slotCount: 'u32',
  run: 'u32',
  hashA: 'u32',
  hashB: 'u32',
  hashC: 'u32',
} as const;
const slotBindings = { x: 'read', slots: 'read', y: 'read_write' } as const;

export const sharedVectorKernels = byRow((overrides, grid) =>
  kernel({
    name: 'sharedVector',
    source: sharedVector,
    uniforms: { ...vectorFields, columns: 'u32', ...slotFields },
    bindings: slotBindings,
    overrides: { ...overrides, quadsPerLane: 1 },
    grid,
  }),
);

export const sharedTileKernels = byTile((variant) =>
  kernel({
    name: 'sharedTile',
    source: sharedTile,
    uniforms: { ...tileFields, ...slotFields },
    bindings: slotBindings,
    overrides: TILES[variant],
    grid: tileGrid(variant),
  }),
);

export const unshareKernel = kernel({
  name: 'unshare',
  source: unshare,
  uniforms: { ...unpackFields, ...slotFields },
  bindings: { slots: 'read', dense: 'read_write' },
  overrides: {},
  grid: unpackGrid(1),
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
  ...[...quantizedKernels.values(), ...codebookKernels.values()].flatMap(({ vector, tile, dense }) => [
    dense,
    ...[...vector.values()].flat(),
    ...Object.values(tile),
  ]),
  ...[...sharedVectorKernels.values()].flat(),
  ...Object.values(sharedTileKernels),
  unshareKernel,
  ...Object.values(pieceTileKernels),
].map(anyKernel);
