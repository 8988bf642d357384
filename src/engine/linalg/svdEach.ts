import type { Backend } from '../backend';
import { type LongCall, Pacer } from '../progress';
import { arranged } from './principalAxes';
import { powerOfTwoScale, scaled } from './scaling';
import { type Svd, svd } from './svd';
import { transpose } from './transpose';

/** Equally shaped matrices, one after the other: an attention layer's heads, a convolution's kernels. */
export interface MatrixBatch {
  /** `[count, rows, columns]`, row-major. */
  readonly values: Float32Array;
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  /** For error messages. */
  readonly name?: string | undefined;
}

/** Above, a matrix is work enough for the whole adapter, and one workgroup for it too little. */
const MOST_ROWS = 128;

/**
 * The singular value decomposition of every matrix of a batch, as `svd` gives it for one, with the same accuracy: on
 * the GPU many in one dispatch where the short side is at most 128, else one by one. Each matrix is scaled by its own
 * power of two. Throws a UserError where the batch has NaN or infinite entries.
 */
export async function svdEach(
  backend: Backend,
  batch: MatrixBatch,
  { signal, onProgress }: LongCall = {},
): Promise<Svd[]> {
  const { count, rows, columns, name } = batch;
  const size = rows * columns;
  const matrix = (i: number) => batch.values.subarray(i * size, (i + 1) * size);
  const tell = (done: number) => onProgress?.({ done, total: count, label: 'Singular vectors' });
  const transposed = rows > columns;
  const [k, l] = transposed ? [columns, rows] : [rows, columns];
  const results: Svd[] = [];
  if (!backend.orthogonalizeEach || k > MOST_ROWS) {
    for (let i = 0; i < count; i++) {
      results.push(await svd(backend, { values: matrix(i), rows, columns, name }, { signal }));
      tell(i + 1);
    }
    return results;
  }
  const scales = Array.from({ length: count }, (_, i) => powerOfTwoScale(matrix(i), name));
  const wide = new Float32Array(batch.values.length);
  for (let i = 0; i < count; i++) {
    const own = scaled(matrix(i), scales[i]);
    wide.set(transposed ? transpose(own, rows, columns) : own, i * size);
  }
  const rotated = await backend.orthogonalizeEach(wide, count, k, l, signal);
  const pacer = new Pacer(signal);
  for (let i = 0; i < count; i++) {
    const scale = scales[i];
    const both = rotated.subarray(i * k * (k + l), (i + 1) * k * (k + l));
    const { basis, norms } = decomposed(both, wide.subarray(i * size, (i + 1) * size), k, l);
    results.push({ values: norms.map((norm) => norm / scale), basis, transposed, scale });
    tell(i + 1);
    await pacer.breathe();
  }
  return results;
}

/**
 * J polished by a Newton–Schulz step, J + ½·(I − J·Jᵀ)·J, as hundreds of rotations in float32 leave it; and the singular
 * values read from its product with A, as `principalAxes` does for large matrices.
 */
function decomposed(both: Float32Array, a: Float32Array, k: number, l: number) {
  const j = new Float64Array(k * k);
  for (let i = 0; i < k; i++) j.set(both.subarray(i * (k + l) + l, (i + 1) * (k + l)), i * k);
  const polished = j.slice();
  for (let i = 0; i < k; i++) {
    for (let other = 0; other < k; other++) {
      let off = i === other ? 1 : 0;
      for (let c = 0; c < k; c++) off -= j[i * k + c] * j[other * k + c];
      for (let c = 0; c < k; c++) polished[i * k + c] += 0.5 * off * j[other * k + c];
    }
  }
  const product = new Float64Array(k * l);
  for (let i = 0; i < k; i++) {
    for (let c = 0; c < k; c++) {
      const factor = polished[i * k + c];
      for (let at = 0; at < l; at++) product[i * l + at] += factor * a[c * l + at];
    }
  }
  const norms = Float64Array.from({ length: k }, (_, i) => {
    let sum = 0;
    for (let at = i * l; at < (i + 1) * l; at++) sum += product[at] * product[at];
    return Math.sqrt(sum);
  });
  return arranged(new Float32Array(polished), new Float32Array(product), norms);
}
