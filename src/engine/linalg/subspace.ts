import type { Backend, Matrix } from '../backend/backend';
import type { Random } from '../core/random';
import { Held } from './held';
import { orthonormalRows } from './qr';
import { type Sided, toLong, toShort } from './sided';

/** `[count, short]`: orthonormal rows near the leading singular vectors, by one step of the power method. */
export async function randomSubspace(
  backend: Backend,
  sided: Sided,
  count: number,
  random: Random,
  signal?: AbortSignal,
): Promise<Matrix> {
  const short = Math.min(sided.weight.rows, sided.weight.columns);
  const held = new Held(backend);
  try {
    const normal = Float32Array.from({ length: count * short }, () => random.normal());
    // Orthonormal at every half step: squaring the spread of lengths would lose the small directions in float32.
    const start = await orthonormalRows(backend, held.hold(backend.upload(normal, count, short)), signal);
    const images = held.hold(await toLong(backend, sided, held.hold(start.q)));
    const across = await orthonormalRows(backend, images, signal);
    const back = held.hold(await toShort(backend, sided, held.hold(across.q)));
    return (await orthonormalRows(backend, back, signal)).q;
  } finally {
    held.freeAll();
  }
}

/** The rows of `vectors` `[d, short]`, orthonormal, and as many new ones as make `count`. */
export async function extendedSubspace(
  backend: Backend,
  sided: Sided,
  vectors: Matrix,
  count: number,
  random: Random,
  signal?: AbortSignal,
): Promise<Matrix> {
  const held = new Held(backend);
  try {
    const added = held.hold(await randomSubspace(backend, sided, count - vectors.rows, random, signal));
    const both = new Float32Array(count * vectors.columns);
    both.set(await backend.download(vectors));
    both.set(await backend.download(added), vectors.rows * vectors.columns);
    const stacked = held.hold(backend.upload(both, count, vectors.columns));
    return (await orthonormalRows(backend, stacked, signal)).q;
  } finally {
    held.freeAll();
  }
}
