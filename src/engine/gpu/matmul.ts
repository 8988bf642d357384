import { type Binding, type Dispatch, dispatch } from './dispatcher';
import { MATMUL_SIDES, type MatmulSide, matmulKernels, matmulTile } from './kernels';
import type { Pace } from './pace';

/** c[m, n] = alpha·op(a)·op(b) + beta·c, op(a) [m, k], op(b) [k, n]; a transposed operand is stored the other way. */
export interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Binding;
  readonly b: Binding;
  readonly c: Binding;
  /** From one row, as stored, to the next, where the operand is part of a wider matrix. */
  readonly strideA?: number;
  readonly strideB?: number;
  readonly strideC?: number;
  readonly transposeA?: boolean | undefined;
  readonly transposeB?: boolean | undefined;
  readonly alpha?: number;
  readonly beta?: number;
  /** Which variant of the kernel; it must be prepared. All give the same bits. */
  readonly side?: MatmulSide;
}

// Terms summed in registers before they are added to c: rounding grows with √RUN + √(k/RUN) instead of √k. Doing this
// inside the kernel took a second set of 64 registers, or a loop around the stores that SwiftShader did not compile
// within 25 s.
const RUN = 512;

/**
 * The dispatches of a product. Cut into rectangles of whole tiles of at most half a batch each, so that none runs long
 * on a slow adapter; k is cut at the same places always, so that the result doesn't depend on the pace.
 */
export function* matmulDispatches(product: Product, pace: Pace): Generator<Dispatch> {
  const { m, n, k, a, b, c, transposeA, transposeB, alpha = 1, beta = 0, side = MATMUL_SIDES[0] } = product;
  const { strideA = transposeA ? m : k, strideB = transposeB ? k : n, strideC = n } = product;
  const tile = matmulTile(side);
  const perTile = 2 * tile * tile * Math.min(k, RUN);
  const tilesDown = Math.ceil(m / tile);
  const tilesAcross = Math.ceil(n / tile);
  for (let row = 0; row < tilesDown; ) {
    let across = Math.max(1, Math.min(tilesAcross, Math.floor(pace.budget / 2 / perTile)));
    const down = Math.max(1, Math.min(tilesDown - row, Math.floor(pace.budget / 2 / (perTile * across))));
    for (let column = 0; column < tilesAcross; column += across) {
      across = Math.min(across, tilesAcross - column);
      for (let firstDepth = 0; firstDepth < k; firstDepth += RUN) {
        const lastDepth = Math.min(firstDepth + RUN, k);
        yield dispatch(
          matmulKernels[side],
          {
            m,
            n,
            aRow: transposeA ? 1 : strideA,
            aDepth: transposeA ? strideA : 1,
            bDepth: transposeB ? 1 : strideB,
            bColumn: transposeB ? strideB : 1,
            cRow: strideC,
            firstRow: row * tile,
            firstColumn: column * tile,
            rows: Math.min(down * tile, m - row * tile),
            columns: Math.min(across * tile, n - column * tile),
            firstDepth,
            lastDepth,
            alpha,
            beta: firstDepth ? 1 : beta,
          },
          [a, b, c],
          perTile * across * down,
        );
      }
    }
    row += down;
  }
}
