import type { Backend, Matrix } from '../backend/backend';
import { Pacer } from '../core/progress';
import { Held } from './held';
import { orthonormal, rowNorms } from './principalAxes';
import { type Sided, toLong } from './sided';

/** What a subspace knows of the singular vectors of A `[short, long]`. */
export interface Ritz {
  /** `[d, short]`: orthonormal rows, approximate singular vectors by falling value. */
  readonly vectors: Matrix;
  /** `[d, long]`: vectors·A, rows orthogonal to one another. */
  readonly images: Matrix;
  /** The images' norms: each at most the singular value in its place, up to roundoff. */
  readonly values: Float64Array;
}

/**
 * Rayleigh–Ritz: turns the orthonormal rows of x `[d, short]`, d ≤ long, so that their images are orthogonal. `vectors`
 * and `images` are the caller's to free.
 */
export async function rayleighRitz(backend: Backend, sided: Sided, x: Matrix, signal?: AbortSignal): Promise<Ritz> {
  const held = new Held(backend);
  try {
    const b = held.hold(await toLong(backend, sided, x));
    const found = await backend.leftSingularVectors(b, { signal });
    held.hold(found.vectors);
    const turn = await orthonormal(backend, held, found);
    const images = held.hold(await backend.multiply(turn, b));
    const values = await rowNorms(await backend.download(images), images.rows, images.columns, new Pacer(signal));
    const vectors = await backend.multiply(turn, x);
    return { vectors, images: held.release(images), values };
  } finally {
    held.freeAll();
  }
}
