import { type Binding, type Dispatch, dispatch } from './dispatcher';
import type { Kernel } from './kernel';
import {
  fewSubgroupKernels,
  type MatmulVariant,
  matmulKernels,
  matmulTile,
  matmulVectorKernels,
  usesSubgroups,
  VECTORS,
  type VectorVariant,
  vectorColumns,
  WIDTHS,
} from './kernels';
import { cuts, type Pace } from './pace';
import type { Variants } from './variants';

/** c[m, n] = alpha·op(a)·op(b) + beta·c, op(a) [m, k], op(b) [k, n]; a transposed operand is stored the other way. */
export interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Binding;
  readonly b: Binding;
  readonly c: Binding;
  /** The distance of rows as stored, where the operand is part of a wider matrix. */
  readonly strideA?: number;
  readonly strideB?: number;
  readonly strideC?: number;
  readonly transposeA?: boolean | undefined;
  readonly transposeB?: boolean | undefined;
  readonly alpha?: number;
  readonly beta?: number;
}

/**
 * Products of up to so many rows, or columns, read the large operand once for all of them. On SwiftShader, [8,
 * 512]·[512, 512] took 2.0 ms this way, and 4.8 ms as a tile.
 */
export const MOST_VECTORS = WIDTHS.at(-1)!;

// Terms summed in registers before they are added to c: rounding grows with √RUN + √(k/RUN) instead of √k. Doing this
// inside the kernel took a second set of 64 registers, or a loop around the stores that SwiftShader did not compile
// within 25 s.
const RUN = 512;
// For each slice of a vector. There, another launch costs more than what it computes.
const VECTOR_RUN = 2048;

/** The variants that decide on products of numbers. */
export type ProductVariants = Pick<Variants, 'matmul' | 'few' | 'vector'>;

/** Which of the variants a product of this shape takes. */
export function kindOf({ m, n }: Pick<Product, 'm' | 'n'>): keyof ProductVariants {
  const rows = Math.min(m, n);
  if (rows > MOST_VECTORS) return 'matmul';
  return rows > 1 ? 'few' : 'vector';
}

/** The kernels that a product of this shape takes, to be prepared. */
export function matmulKernelsFor(shape: Pick<Product, 'm' | 'n'>, variants: ProductVariants): Kernel[] {
  const kind = kindOf(shape);
  if (kind === 'matmul') return [matmulKernels[variants.matmul]];
  const variant = variants[kind];
  const kernels = usesSubgroups(variant) ? fewSubgroupKernels[variant] : matmulVectorKernels[variant];
  return [kernels[widthFor(Math.min(shape.m, shape.n))] as unknown as Kernel];
}

const widthFor = (rows: number) => WIDTHS.findIndex((width) => width >= rows);

/**
 * The dispatches of a product. They are cut into parts of at most half a batch each, so that none runs long on a slow
 * adapter. k is always cut at the same places, so the result does not depend on the pace.
 */
export function matmulDispatches(product: Product, variants: ProductVariants, pace: Pace): Iterable<Dispatch> {
  const { m, n, k, a, b, c, transposeA, transposeB, alpha = 1, beta = 0 } = product;
  const { strideA = transposeA ? m : k, strideB = transposeB ? k : n, strideC = n } = product;
  const [aRow, aDepth] = transposeA ? [1, strideA] : [strideA, 1];
  const [bDepth, bColumn] = transposeB ? [1, strideB] : [strideB, 1];
  const strided = { m, n, k, a, b, c, aRow, aDepth, bDepth, bColumn, cRow: strideC, cColumn: 1, alpha, beta };
  const kind = kindOf(product);
  if (kind === 'matmul') {
    const { matmul } = variants;
    return tileDispatches(strided, matmulKernels[matmul], matmulTile(matmul), RUN, pace);
  }
  // Few columns are few rows of cᵀ = op(b)ᵀ·op(a)ᵀ.
  const turned = { m: n, n: m, a: b, b: a, aRow: bColumn, aDepth: bDepth, bDepth: aDepth, bColumn: aRow };
  const few = m <= n ? strided : { ...strided, ...turned, cRow: 1, cColumn: strideC };
  const variant = variants[kind];
  if (!usesSubgroups(variant)) return vectorDispatches(few, variant, pace);
  const kernel = fewSubgroupKernels[variant][widthFor(few.m)]!;
  const tile = { rows: kernel.overrides.height, columns: matmulTile(variant).columns };
  return tileDispatches(few, kernel, tile, VECTOR_RUN, pace);
}

interface Strided extends Required<Pick<Product, 'm' | 'n' | 'k' | 'a' | 'b' | 'c' | 'alpha' | 'beta'>> {
  readonly aRow: number;
  readonly aDepth: number;
  readonly bDepth: number;
  readonly bColumn: number;
  readonly cRow: number;
  readonly cColumn: number;
}

function* tileDispatches(
  { k, a, b, c, ...product }: Strided,
  kernel: (typeof matmulKernels)[MatmulVariant],
  tile: { readonly rows: number; readonly columns: number },
  run: number,
  pace: Pace,
) {
  const { m, n, beta } = product;
  const perTile = 2 * tile.rows * tile.columns * Math.min(k, run);
  for (const [right, across] of cuts(Math.ceil(n / tile.columns), perTile, pace)) {
    for (const [below, down] of cuts(Math.ceil(m / tile.rows), perTile * across, pace)) {
      const [firstRow, firstColumn] = [below * tile.rows, right * tile.columns];
      const part = {
        ...product,
        firstRow,
        firstColumn,
        rows: Math.min(down * tile.rows, m - firstRow),
        columns: Math.min(across * tile.columns, n - firstColumn),
      };
      for (let firstDepth = 0; firstDepth < k; firstDepth += run) {
        const lastDepth = Math.min(firstDepth + run, k);
        const uniforms = { ...part, firstDepth, lastDepth, beta: firstDepth ? 1 : beta };
        yield dispatch(kernel, uniforms, [a, b, c], perTile * across * down);
      }
    }
  }
}

function* vectorDispatches({ k, a, b, c, ...product }: Strided, variant: VectorVariant, pace: Pace) {
  const { m, n, beta } = product;
  const kernel = matmulVectorKernels[variant][widthFor(m)]!;
  const size = vectorColumns(variant);
  const run = VECTOR_RUN * VECTORS[variant].slices;
  const perGroup = 2 * kernel.overrides.width! * size * Math.min(k, run);
  for (const [first, count] of cuts(Math.ceil(n / size), perGroup, pace)) {
    const firstColumn = first * size;
    const columns = Math.min(count * size, n - firstColumn);
    for (let firstDepth = 0; firstDepth < k; firstDepth += run) {
      const lastDepth = Math.min(firstDepth + run, k);
      const uniforms = { ...product, firstColumn, columns, firstDepth, lastDepth, beta: firstDepth ? 1 : beta };
      yield dispatch(kernel, uniforms, [a, b, c], perGroup * count);
    }
  }
}
