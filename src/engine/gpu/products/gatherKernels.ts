import blockSparseRow from '../../../../shaders/prune/blockSparseRow.wgsl';
import blockSparseTokens from '../../../../shaders/prune/blockSparseTokens.wgsl';
import nmRow from '../../../../shaders/prune/nmRow.wgsl';
import nmTokens from '../../../../shaders/prune/nmTokens.wgsl';
import sparseRow from '../../../../shaders/prune/sparseRow.wgsl';
import sparseTokens from '../../../../shaders/prune/sparseTokens.wgsl';
import transposeTokens from '../../../../shaders/prune/transposeTokens.wgsl';
import { anyKernel, kernel, type UniformLayout } from '../kernel';
import { ROW_SLICES, type RowSlices } from '../kernels';

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

/** Every kernel of this file, for the test that holds each declaration against its WGSL. */
export const GATHER_KERNELS = [
  ...transposeTokensKernels,
  ...[sparseKernels, ...nmKernels.values(), blockSparseKernels].flatMap(({ row, tokens }) => [
    ...row.values(),
    ...tokens,
  ]),
].map(anyKernel);
