import type { WeightForm } from '../../weightForm';
import { matmul } from '../matmul';
import { blockSparse } from './blockSparse';
import { dense } from './dense';
import { nm } from './nm';
import { quantized } from './quantized';
import { shared } from './shared';
import { sparse } from './sparse';
import { tensorTrain } from './tensorTrain';

/** A weight made dense, in float64. */
export interface DenseWeight {
  readonly rows: number;
  readonly columns: number;
  /** `[rows, columns]`. */
  readonly values: Float64Array;
  /**
   * The sums of the magnitudes of all terms that make up each value, at least |value|: rounding is relative to these,
   * since terms of a product of factors, or of a sum, may cancel.
   */
  readonly magnitudes: Float64Array;
}

/** Twin of the products' forms: what W is. */
export function denseOf(form: WeightForm): DenseWeight {
  switch (form.kind) {
    case 'dense':
      return plain(form, dense(form));
    case 'quantized':
      return plain(form, quantized(form));
    case 'sparse':
      return plain(form, sparse(form));
    case 'nm':
      return plain(form, nm(form));
    case 'blockSparse':
      return plain(form, blockSparse(form));
    case 'shared':
      return plain(form, shared(form));
    case 'tensorTrain': {
      const size = (sites: readonly number[]) => sites.reduce((all, site) => all * site, 1);
      const [rows, columns] = [size(form.out), size(form.in)];
      return { rows, columns, values: tensorTrain(form), magnitudes: tensorTrain(form, Math.abs) };
    }
    case 'lowRank': {
      const [a, b] = [denseOf(form.left), denseOf(form.right)];
      const product = (left: Float64Array, right: Float64Array) => matmul(left, right, a.rows, b.columns, a.columns);
      return {
        rows: a.rows,
        columns: b.columns,
        values: product(a.values, b.values),
        magnitudes: product(a.magnitudes, b.magnitudes),
      };
    }
    case 'sum': {
      const parts = form.parts.map(denseOf);
      const total = (key: 'values' | 'magnitudes') =>
        parts[0]![key].map((_, at) => parts.reduce((sum, part) => sum + part[key][at]!, 0));
      return { ...parts[0]!, values: total('values'), magnitudes: total('magnitudes') };
    }
    case 'scaled': {
      const inner = denseOf(form.inner);
      const { rows, columns } = inner;
      const factor = (at: number) => (form.out?.[Math.floor(at / columns)] ?? 1) * (form.in?.[at % columns] ?? 1);
      return {
        rows,
        columns,
        values: inner.values.map((value, at) => value * factor(at)),
        magnitudes: inner.magnitudes.map((value, at) => value * Math.abs(factor(at))),
      };
    }
  }
}

const plain = ({ rows, columns }: { rows: number; columns: number }, values: Float64Array): DenseWeight => ({
  rows,
  columns,
  values,
  magnitudes: values.map(Math.abs),
});

/** x·Wᵀ in float64, and |x|·magnitudesᵀ, to which its rounding is relative. */
export function productOf(x: ArrayLike<number>, tokens: number, weight: DenseWeight) {
  const { rows, columns, values, magnitudes } = weight;
  const across = (a: ArrayLike<number>, b: Float64Array) => matmul(a, b, tokens, rows, columns, { transposeB: true });
  return { y: across(x, values), magnitudes: across(Float64Array.from(x, Math.abs), magnitudes) };
}
