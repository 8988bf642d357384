import { seeded } from '../core/random';
import { prepare } from '../gpu/products/prepare';
import type { Session } from '../gpu/session';
import type { Variants } from '../gpu/variants';
import { denseOf } from '../operators/dense/dense';
import type { Operator } from '../operators/operator';
import { sparseOf } from '../operators/sparse/sparse';
import type { Case } from './case';

/** How much faster products with an unstructured sparse weight are than with the dense weight, by sparsity. */
export interface SparsityCurve {
  readonly tokens: number;
  /** In order of sparsity, the share of zeros. */
  readonly points: readonly { readonly sparsity: number; readonly timesFaster: number }[];
  /** The sparsity from which the sparse product is at least as fast. Null where it is slower at all measured ones. */
  readonly breakEven: number | null;
}

export interface SparsitySizes {
  /** The weight is [n, n]. */
  readonly n: number;
  readonly tokens: readonly number[];
}

const SPARSITIES = [0.5, 0.7, 0.8, 0.9, 0.95, 0.98];

/** The products to measure, and the curves that their times give. */
export async function sparsityCases(session: Session, variants: Variants, { n, tokens: counts }: SparsitySizes) {
  const { buffers, dispatcher, productPace: pace, panelBytes } = session;
  const context = { buffers, dispatcher, pace, panelBytes, variants };
  const random = seeded(n);
  const values = Float32Array.from({ length: n * n }, () => random.normal());
  const order = Float32Array.from(values, () => random.uniform());
  const target = { shape: [n, n], type: 'float32', pattern: { kind: 'unstructured' }, opset: 17 } as const;
  const operators: Operator[] = [denseOf([n, n], 'float32', values)];
  for (const sparsity of SPARSITIES) {
    operators.push(
      await sparseOf(
        values.map((value, at) => (order[at]! < sparsity ? 0 : value)),
        target,
      ),
    );
  }
  const products = await Promise.all(operators.map((operator) => prepare(context, operator)));
  const byTokens = counts.map((tokens) => {
    const x = buffers.upload(values.slice(0, tokens * n), 'a measurement');
    const y = buffers.create(tokens * n, 'a measurement');
    const scratch = new Map<number, GPUBuffer>();
    // Intermediate buffers of one size are shared: the products run one after the other.
    const between = (length: number) => {
      const buffer = scratch.get(length) ?? buffers.create(length, 'a measurement');
      scratch.set(length, buffer);
      return buffer;
    };
    return products.map((product, at): Case => {
      const sparsity = at === 0 ? 0 : SPARSITIES[at - 1]!;
      return {
        name: at === 0 ? 'dense product' : `product with ${Math.round(100 * sparsity)} % zeros`,
        shape: `[${tokens}, ${n}]·[${n}, ${n}]`,
        flops: 2 * tokens * operators[at]!.multiplyAdds,
        bytes: product.bytes + 8 * tokens * n,
        dispatches: () => [...product.steps({ x, y, tokens, accumulate: false }, between, pace)],
        // The last product frees what all of them share.
        free: () => at === products.length - 1 && buffers.free(x, y, ...scratch.values()),
      };
    });
  });
  return {
    cases: byTokens.flat(),
    free: () => products.forEach((product) => void product.free()),
    curves: (ms: (each: Case) => number): SparsityCurve[] =>
      byTokens.map(([denseCase, ...others], i) => {
        const points = others.map((each, at) => ({
          sparsity: SPARSITIES[at]!,
          timesFaster: ms(denseCase!) / ms(each),
        }));
        return { tokens: counts[i]!, points, breakEven: breakEvenOf(points) };
      }),
  };
}

/**
 * The sparsity at which both products take equally long, by linear interpolation of the time between two measured
 * points.
 */
export function breakEvenOf(points: SparsityCurve['points']): number | null {
  const at = points.findIndex(({ timesFaster }) => timesFaster >= 1);
  const [slow, fast] = [points[at - 1], points[at]];
  if (!fast) return null;
  if (!slow) return fast.sparsity;
  const [slowTime, fastTime] = [1 / slow.timesFaster, 1 / fast.timesFaster];
  return slow.sparsity + ((fast.sparsity - slow.sparsity) * (slowTime - 1)) / (slowTime - fastTime);
}
