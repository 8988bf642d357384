import denseVector from '../../../../shaders/matmul/denseVector.wgsl';
import padTokens from '../../../../shaders/matmul/padTokens.wgsl';
import scaleColumns from '../../../../shaders/matmul/scaleColumns.wgsl';
import quantizedTile from '../../../../shaders/quantize/quantizedTile.wgsl';
import quantizedVector from '../../../../shaders/quantize/quantizedVector.wgsl';
import { kernel } from '../kernel';
import { anyKernel } from './product';

const WORKGROUP = 64;
/** Rows of W in a workgroup of lib/rowProduct. */
export const VECTOR_ROWS = 8;
/** Tokens that lib/rowProduct computes at once; a variant for each. */
export const WIDTHS = [1, 4, 8] as const;
/** Side of the tile of lib/tileProduct. */
export const TILE = 64;

const vectorFields = {
  tokens: 'u32',
  firstToken: 'u32',
  rows: 'u32',
  firstRow: 'u32',
  rowsHere: 'u32',
  quads: 'u32',
  accumulate: 'u32',
} as const;
const vectorGrid = ({ rowsHere }: { rowsHere: number }) => [Math.ceil(rowsHere / VECTOR_ROWS), 1] as const;

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
const tileGrid = ({ rowsHere, tokensHere }: { rowsHere: number; tokensHere: number }) =>
  [Math.ceil(rowsHere / TILE), Math.ceil(tokensHere / TILE)] as const;

export const padTokensKernel = kernel({
  name: 'padTokens',
  source: padTokens,
  uniforms: { columns: 'u32', padded: 'u32', firstToken: 'u32', tokens: 'u32' },
  bindings: { x: 'read', copy: 'read_write' },
  overrides: { workgroupSize: WORKGROUP },
  grid: ({ padded, tokens }) => [Math.ceil(padded / WORKGROUP), tokens],
});

export const scaleColumnsKernel = kernel({
  name: 'scaleColumns',
  source: scaleColumns,
  uniforms: { columns: 'u32', firstRow: 'u32', rows: 'u32', accumulate: 'u32' },
  bindings: { matrix: 'read', diagonal: 'read', scaled: 'read_write' },
  overrides: { workgroupSize: WORKGROUP },
  grid: ({ columns, rows }) => [Math.ceil(columns / WORKGROUP), rows],
});

/** Variants by `WIDTHS`. */
export const denseVectorKernels = WIDTHS.map((width) =>
  kernel({
    name: 'denseVector',
    source: denseVector,
    uniforms: vectorFields,
    bindings: { x: 'read', weights: 'read', y: 'read_write' },
    overrides: { width, quadsPerLane: 1 },
    grid: vectorGrid,
  }),
);

const quantizedFields = { wordsPerRow: 'u32', blocks: 'u32', blockShift: 'u32', zeroPointBytes: 'u32' } as const;
const quantizedBindings = { x: 'read', codes: 'read', scales: 'read', zeroPoints: 'read', y: 'read_write' } as const;

/** The kernels for each number of bits. */
export const quantizedKernels = new Map(
  ([2, 4, 8] as const).map((bits) => {
    const vector = WIDTHS.map((width) =>
      kernel({
        name: 'quantizedVector',
        source: quantizedVector,
        uniforms: { ...vectorFields, ...quantizedFields },
        bindings: quantizedBindings,
        // A word of codes serves one invocation, which then keeps it in a register.
        overrides: { width, quadsPerLane: 8 / bits, bits },
        grid: vectorGrid,
      }),
    );
    const tile = kernel({
      name: 'quantizedTile',
      source: quantizedTile,
      uniforms: { ...tileFields, ...quantizedFields },
      bindings: quantizedBindings,
      overrides: { bits },
      grid: tileGrid,
    });
    return [bits, { vector, tile }] as const;
  }),
);

/** Every kernel of the products, for the test that holds each declaration against its WGSL. */
export const PRODUCT_KERNELS = [
  padTokensKernel,
  scaleColumnsKernel,
  ...denseVectorKernels,
  ...[...quantizedKernels.values()].flatMap(({ vector, tile }) => [...vector, tile]),
].map(anyKernel);
