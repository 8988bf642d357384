import type { Backend, Matrix } from '../../backend/backend';
import type { LongCall } from '../../core/progress';
import { balancedFactors, type Factors } from '../../linalg/factors';
import { Held } from '../../linalg/held';
import { orthonormalRows } from '../../linalg/qr';
import { scaled, unusualScale } from '../../linalg/scaling';
import { svd } from '../../linalg/svd';
import { truncatedSvd } from '../../linalg/truncatedSvd';
import { spread } from '../../operators/spread';
import type { InputStatistics } from '../../operators/statistics';
import { energiesOf, type Whitening, whitened } from '../whitening';

export interface WhitenedBudget {
  /** Known beforehand, or computed from the mean square that each output direction carries, largest first. */
  readonly rank: number | ((energies: Float64Array) => number);
  /** Whether to compute the leading directions alone. */
  readonly leading: boolean;
}

/**
 * The rank-r approximation of W [rows, columns] whose output on the calibration data is nearest to W's. With W·S =
 * U·Σ·Vᵀ and S·Sᵀ = H/samples it is Ŵ = Uᵣ·Σᵣ·Vᵣᵀ·S⁻¹ (SVD-LLM, Wang et al., 2024), and the output's error is
 * √(samples·Σ_{i>r}σᵢ²). Because Σᵣ·Vᵣᵀ = Uᵣᵀ·W·S, this is Ŵ = Uᵣ·(Uᵣᵀ·W), and it is computed so: nothing is solved
 * with S, whose small pivots would magnify the rounding of float32. S only selects output directions. ‖Ŵ‖ ≤ ‖W‖, also
 * for inputs that the data does not contain.
 *
 * A weight of unusual scale is first multiplied by a power of two. The two factors share the norm of each direction
 * evenly, as those of the plain SVD do. undefined where all inputs in the data are zero.
 */
export async function whitenedFactors(
  backend: Backend,
  weight: { readonly values: Float32Array; readonly rows: number; readonly columns: number },
  input: InputStatistics,
  whitening: Whitening,
  { rank, leading }: WhitenedBudget,
  call: LongCall,
): Promise<(Factors & { readonly rank: number }) | undefined> {
  const { rows, columns } = weight;
  const scale = unusualScale(weight.values);
  const values = scaled(weight.values, scale);
  const white = await whitened(backend, values, rows, input, whitening, call);
  if (!white) return undefined;
  const held = new Held(backend);
  try {
    const most = typeof rank === 'number' ? rank : Math.min(rows, columns);
    const seen = { values: white, rows, columns };
    const directions = held.hold(await outputDirections(backend, seen, most, leading, call));
    const right = held.hold(await backend.multiply(directions, held.hold(backend.upload(values, rows, columns))));
    const kept = typeof rank === 'number' ? rank : rank(await energiesOf(backend, right, input));
    const factors = balancedFactors(await backend.download(directions), await backend.download(right), kept, columns);
    const [back, forth] = spread([factors.left, factors.right], -Math.log2(scale), 'float32', 1);
    return { rank: kept, left: back!, right: forth! };
  } finally {
    held.freeAll();
  }
}

/** The leading left singular vectors as rows, [count, rows]. */
async function outputDirections(
  backend: Backend,
  white: { readonly values: Float32Array<ArrayBuffer>; readonly rows: number; readonly columns: number },
  count: number,
  leading: boolean,
  call: LongCall,
): Promise<Matrix> {
  const { values, rows, columns } = white;
  const held = new Held(backend);
  try {
    if (leading) {
      const { vectors, images, transposed } = await truncatedSvd(backend, white, { rank: count }, call);
      if (!transposed) return backend.upload(vectors, count, rows);
      const { q } = await orthonormalRows(backend, held.hold(backend.upload(images, count, rows)), call.signal);
      return q;
    }
    const { basis, transposed, scale } = await svd(backend, white, { ...call, count });
    const vectors = basis.slice(0, count * Math.min(rows, columns));
    if (!transposed) return backend.upload(vectors, count, rows);
    // The vectors of the long side follow from those of the short side. Where σ is roundoff, they only complete the
    // basis.
    const weight = held.hold(backend.upload(scaled(values, scale), rows, columns));
    const axes = held.hold(backend.upload(vectors, count, columns));
    const images = held.hold(await backend.multiply(axes, weight, { b: true }));
    const { q } = await orthonormalRows(backend, images, call.signal);
    return q;
  } finally {
    held.freeAll();
  }
}
