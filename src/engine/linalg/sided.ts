import type { Backend, Matrix } from '../backend/backend';

/** A weight on a backend, seen from its short side: A `[short, long]` is the weight or its transpose. */
export interface Sided {
  readonly weight: Matrix;
  /** Whether the short side is the columns. */
  readonly transposed: boolean;
}

/** x `[d, short]` to x·A `[d, long]`. */
export const toLong = (backend: Backend, { weight, transposed }: Sided, x: Matrix): Promise<Matrix> =>
  backend.multiply(x, weight, { b: transposed });

/** p `[d, long]` to p·Aᵀ `[d, short]`. */
export const toShort = (backend: Backend, { weight, transposed }: Sided, p: Matrix): Promise<Matrix> =>
  backend.multiply(p, weight, { b: !transposed });
