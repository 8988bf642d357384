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
  /** Known beforehand, or found from the mean square that each direction of the output carries, largest first. */
  readonly rank: number | ((energies: Float64Array) => number);
  /** Whether to look for the leading directions alone. */
  readonly leading: boolean;
}

/**
 * The rank-r approximation of W [rows, columns] whose output on the calibration data is nearest to W's: with
 * W·S = U·Σ·Vᵀ, S·Sᵀ = H/samples, it is Ŵ = Uᵣ·Σᵣ·Vᵣᵀ·S⁻¹ (SVD-LLM, Wang et al., 2024), and the output's error is
 * √(samples·Σ_{i>r}σᵢ²). Since Σᵣ·Vᵣᵀ = Uᵣᵀ·W·S, that is Ŵ = Uᵣ·(Uᵣᵀ·W), and this is how it is computed: nothing is solved
 * with S, whose small pivots would magnify the rounding of float32; S only chooses directions of the output. ‖Ŵ‖ ≤ ‖W‖,
 * also on inputs that the data never had.
 *
 * A weight of unusual size is multiplied by a power of two first. The factors share the norm of each direction evenly, as
 * those of the plain SVD do. undefined where the data gives no input other than zero.
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
    // The long side's vectors follow from the short side's; where σ is roundoff only an orthonormal completion is left.
    const weight = held.hold(backend.upload(scaled(values, scale), rows, columns));
    const axes = held.hold(backend.upload(vectors, count, columns));
    const images = held.hold(await backend.multiply(axes, weight, { b: true }));
    const { q } = await orthonormalRows(backend, images, call.signal);
    return q;
  } finally {
    held.freeAll();
  }
}
