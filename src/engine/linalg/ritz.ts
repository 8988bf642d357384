import type { Backend, Matrix } from '../backend';
import { Pacer } from '../progress';
import { Held } from './held';
import { polish, rowNorms } from './principalAxes';
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
    const rough = held.hold(await backend.leftSingularVectors(b, { signal }));
    const turn = held.hold(await polish(backend, rough));
    const images = held.hold(await backend.multiply(turn, b));
    const values = await rowNorms(await backend.download(images), images.rows, images.columns, new Pacer(signal));
    const vectors = await backend.multiply(turn, x);
    return { vectors, images: held.release(images), values };
  } finally {
    held.freeAll();
  }
}
