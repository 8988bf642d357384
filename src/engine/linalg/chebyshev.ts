import type { Backend, Matrix } from '../backend/backend';
import { Held } from './held';
import { orthonormalRows } from './qr';
import type { Ritz } from './ritz';
import { type Sided, toLong, toShort } from './sided';

/**
 * How much a filter may amplify the largest wanted value over the unwanted ones. Rows leave the filter as unlike in
 * length as this, and roundoff of the long ones (6e−8) enters the short ones times this much.
 */
const MOST_AMPLIFICATION = 1e4;
/** Beyond, a new look at the Ritz values pays more than another degree. */
const MOST_DEGREE = 12;

/**
 * The degree of the Chebyshev polynomial that amplifies [cut, top] over [0, cut], as far as float32 allows: T_m is at
 * most 1 on the unwanted interval and cosh(m·acosh x) at x = 2·top/cut − 1. 1 where the spectrum is too steep for it.
 */
export function filterDegree(cut: number, top: number): number {
  const x = (2 * top) / cut - 1;
  // A flat spectrum has nothing to amplify, and any degree will do.
  if (!(x > 1)) return Number.isNaN(x) ? 1 : MOST_DEGREE;
  return Math.max(1, Math.min(MOST_DEGREE, Math.floor(Math.acosh(MOST_AMPLIFICATION) / Math.acosh(x))));
}

/**
 * The next subspace `[d, short]`, orthonormal: T_m(2·A·Aᵀ/cut − 1) on the Ritz vectors, where cut is the smallest Ritz
 * value's square, so that all but the block's own directions are damped. Where float32 allows no degree above 1, the
 * plain power step, made orthonormal between its halves.
 */
export async function filtered(backend: Backend, sided: Sided, ritz: Ritz, signal?: AbortSignal): Promise<Matrix> {
  const { vectors, images, values } = ritz;
  const cut = values.at(-1)! ** 2;
  const degree = filterDegree(cut, values[0] ** 2);
  const held = new Held(backend);
  try {
    let result: Matrix;
    if (degree === 1) {
      const { q } = await orthonormalRows(backend, images, signal);
      result = held.hold(await toShort(backend, sided, held.hold(q)));
    } else {
      let previous: Float32Array | undefined;
      let y: Float32Array = await backend.download(vectors);
      let image = held.hold(await toShort(backend, sided, images));
      for (let step = 1; ; step++) {
        const next = chebyshevStep(await backend.download(image), y, previous, cut);
        held.free(image);
        [previous, y] = [y, next];
        result = held.hold(backend.upload(next, vectors.rows, vectors.columns));
        if (step === degree) break;
        signal?.throwIfAborted();
        const across = held.hold(await toLong(backend, sided, result));
        held.free(result);
        image = held.hold(await toShort(backend, sided, across));
        held.free(across);
      }
    }
    return (await orthonormalRows(backend, result, signal)).q;
  } finally {
    held.freeAll();
  }
}

/** One step of the recurrence, y_next = (scale·2/cut)·image − scale·y − previous, where image = M·y; scale 1, then 2. */
function chebyshevStep(
  image: Float32Array,
  y: Float32Array,
  previous: Float32Array | undefined,
  cut: number,
): Float32Array<ArrayBuffer> {
  const next = new Float32Array(y.length);
  const scale = previous ? 2 : 1;
  const factor = (2 * scale) / cut;
  for (let i = 0; i < next.length; i++) next[i] = factor * image[i] - scale * y[i];
  if (previous) for (let i = 0; i < next.length; i++) next[i] -= previous[i];
  return next;
}
