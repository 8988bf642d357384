import copyColumns from '../../../../shaders/matmul/copyColumns.wgsl';
import scaleColumns from '../../../../shaders/matmul/scaleColumns.wgsl';
import tensorSite from '../../../../shaders/matmul/tensorSite.wgsl';
import blockSparseRow from '../../../../shaders/prune/blockSparseRow.wgsl';
import blockSparseTokens from '../../../../shaders/prune/blockSparseTokens.wgsl';
import nmRow from '../../../../shaders/prune/nmRow.wgsl';
import nmTokens from '../../../../shaders/prune/nmTokens.wgsl';
import sparseRow from '../../../../shaders/prune/sparseRow.wgsl';
import sparseTokens from '../../../../shaders/prune/sparseTokens.wgsl';
import transposeTokens from '../../../../shaders/prune/transposeTokens.wgsl';
import dequantize from '../../../../shaders/quantize/dequantize.wgsl';
import quantizedTile from '../../../../shaders/quantize/quantizedTile.wgsl';
import quantizedVector from '../../../../shaders/quantize/quantizedVector.wgsl';
import sharedTile from '../../../../shaders/share/sharedTile.wgsl';
import sharedVector from '../../../../shaders/share/sharedVector.wgsl';
import unshare from '../../../../shaders/share/unshare.wgsl';
import { kernel, type UniformLayout } from '../kernel';
import { byTile, TILES, type TileVariant, tileSize, WIDTHS } from '../kernels';
import { anyKernel } from './product';

const WORKGROUP = 64;
/** Variants of lib/rowProduct: how many invocations share a row. */
export const ROW_SLICES = [16, 4, 1] as const;
export type RowSlices = (typeof ROW_SLICES)[number];
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
  uniforms: { columns: 'u32', firstRow: 'u32', rows: 'u32', accumulate: 'u32' },
  bindings: { matrix: 'read', diagonal: 'read', scaled: 'read_write' },
  overrides: { workgroupSize: WORKGROUP },
  grid: ({ columns, rows }) => [Math.ceil(columns / WORKGROUP), rows],
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

/** By whether x goes through workgroup memory. */
export const transposeTokensKernels = ([0, 1] as const).map((staged) =>
  kernel({
    name: 'transposeTokens',
    source: transposeTokens,
    uniforms: { tokens: 'u32', columns: 'u32', padded: 'u32' },
    bindings: { x: 'read', xT: 'read_write' },
    overrides: { staged },
    grid: ({ columns, padded }) => [Math.ceil(columns / 16), Math.ceil(padded / 16)],
  }),
);

/** Rows of W in a workgroup of lib/gatherRow. */
export const gatherRowsOf = (slices: RowSlices): number => 64 / slices;
/** Groups of 8 tokens in a workgroup of lib/gatherTokens, which has 64 / octets rows; a variant for each. */
export const OCTETS = [2, 8] as const;

const gatherFields = {
  tokens: 'u32',
  firstOctet: 'u32',
  octetsHere: 'u32',
  rows: 'u32',
  firstRow: 'u32',
  rowsHere: 'u32',
  columns: 'u32',
  stride: 'u32',
  accumulate: 'u32',
} as const;

/** The kernels of a form that stores entries: few tokens by slices of a row, and many by `OCTETS`. */
function gatherKernels(
  name: string,
  [row, many]: readonly [string, string],
  extra: UniformLayout,
  stored: readonly string[],
  overrides: Readonly<Record<string, number>> = {},
) {
  const uniforms = { ...gatherFields, ...extra };
  const bindings = (x: string) => ({
    [x]: 'read' as const,
    ...Object.fromEntries(stored.map((binding) => [binding, 'read' as const])),
    y: 'read_write' as const,
  });
  return {
    row: new Map(
      ROW_SLICES.map((slices) => [
        slices,
        kernel({
          name: `${name}Row`,
          source: row,
          uniforms,
          bindings: bindings('x'),
          overrides: { ...overrides, slices },
          grid: ({ rowsHere, tokens }) => [Math.ceil(rowsHere! / gatherRowsOf(slices)), tokens!],
        }),
      ]),
    ),
    tokens: OCTETS.map((octets) =>
      kernel({
        name: `${name}Tokens`,
        source: many,
        uniforms,
        bindings: bindings('xT'),
        overrides: { ...overrides, octets },
        grid: ({ octetsHere, rowsHere }) => [Math.ceil(octetsHere! / octets), Math.ceil((rowsHere! * octets) / 64)],
      }),
    ),
  };
}
export type GatherKernels = ReturnType<typeof gatherKernels>;

const stored = ['starts', 'columnPairs', 'values'];
export const sparseKernels = gatherKernels('sparse', [sparseRow, sparseTokens], { firstColumn: 'u32' }, stored);

const nmFields = { kept: 'u32', group: 'u32', quadsPerRow: 'u32', wordsPerRow: 'u32' } as const;
/** By the bits that a place within a group takes. */
export const nmKernels = new Map(
  [1, 2, 4].map((placeBits) => [
    placeBits,
    gatherKernels('nm', [nmRow, nmTokens], nmFields, ['places', 'values'], { placeBits }),
  ]),
);

export const blockSparseKernels = gatherKernels(
  'blockSparse',
  [blockSparseRow, blockSparseTokens],
  { height: 'u32', widthQuads: 'u32' },
  ['starts', 'blockColumns', 'values'],
);

const slotFields = { slotCount: 'u32', offset: 'u32', seed: 'u32', scale: 'f32' } as const;
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

export const tensorSiteKernels = byTile((variant) =>
  kernel({
    name: 'tensorSite',
    source: tensorSite,
    uniforms: { ...tileFields, rest: 'u32', inputOrigin: 'u32', outputOrigin: 'u32' },
    bindings: { x: 'read', core: 'read', y: 'read_write' },
    overrides: TILES[variant],
    grid: tileGrid(variant),
  }),
);

/** Every kernel of the products, for the test that holds each declaration against its WGSL. */
export const PRODUCT_KERNELS = [
  copyColumnsKernel,
  scaleColumnsKernel,
  ...[...quantizedKernels.values()].flatMap(({ vector, tile, dense }) => [
    dense,
    ...[...vector.values()].flat(),
    ...Object.values(tile),
  ]),
  ...[...sharedVectorKernels.values()].flat(),
  ...Object.values(sharedTileKernels),
  unshareKernel,
  ...Object.values(tensorSiteKernels),
  ...transposeTokensKernels,
  ...[sparseKernels, ...nmKernels.values(), blockSparseKernels].flatMap(({ row, tokens }) => [
    ...row.values(),
    ...tokens,
  ]),
].map(anyKernel);
