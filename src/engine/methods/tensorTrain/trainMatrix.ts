import type { SiteShape } from '../../linalg/sites';
import type { MatrixWeight } from '../../linalg/svd';
import { type Dense, elements, matrixOf } from '../../operators/operator';

export const sameSites = (one: SiteShape, other: SiteShape): boolean =>
  String([one.out, one.in]) === String([other.out, other.in]);

/** Whether the sites fit the leaf's sides exactly. */
export function withinLeaf(leaf: Pick<Dense, 'shape'>, sites: SiteShape): boolean {
  const [rows, columns] = matrixOf(leaf.shape);
  return elements(sites.out) === rows && elements(sites.in) === columns;
}

/**
 * The leaf's matrix, padded with zeros after its rows and columns to the size that the sites make. This is exact: the
 * padding is cropped again. Each column is divided by its input channel's entry of `scales`.
 */
export async function paddedTo(
  leaf: Dense,
  sites: SiteShape,
  scales?: Float32Array | undefined,
): Promise<MatrixWeight> {
  const [rows, columns] = matrixOf(leaf.shape);
  const taps = elements(leaf.shape.slice(2));
  const [height, width] = [elements(sites.out), elements(sites.in)];
  const values = await leaf.toDense();
  const result = new Float32Array(height * width);
  for (let row = 0; row < rows; row++) {
    const own = values.subarray(row * columns, (row + 1) * columns);
    result.set(scales ? own.map((value, column) => value / scales[Math.floor(column / taps)]!) : own, row * width);
  }
  return { values: result, rows: height, columns: width };
}
