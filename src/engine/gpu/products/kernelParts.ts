import { ROW_SLICES, type RowSlices, type TileVariant, tileSize, WIDTHS } from '../kernels';

export const WORKGROUP = 64;
/** Rows of W in a workgroup of lib/rowProduct. */
export const rowsOf = (slices: RowSlices): number => 128 / slices;

/** Kernels of lib/rowProduct, by slices, then by `WIDTHS`: the tokens that are computed at once. */
export function byRow<T>(
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

export const vectorFields = {
  tokens: 'u32',
  firstToken: 'u32',
  rows: 'u32',
  firstRow: 'u32',
  rowsHere: 'u32',
  quads: 'u32',
  accumulate: 'u32',
} as const;

export const tileFields = {
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
export const tileGrid =
  (variant: TileVariant) =>
  ({ rowsHere, tokensHere }: { rowsHere: number; tokensHere: number }): [number, number] => [
    Math.ceil(rowsHere / tileSize(variant)),
    Math.ceil(tokensHere / tileSize(variant)),
  ];

/** Of the kernels that make rows of a weight dense. */
export const unpackFields = { columns: 'u32', firstRow: 'u32', rowsHere: 'u32' } as const;
export const unpackGrid =
  (perInvocation: number) =>
  ({ columns, rowsHere }: { columns: number; rowsHere: number }): [number, number] => [
    Math.ceil(columns / (WORKGROUP * perInvocation)),
    rowsHere,
  ];
