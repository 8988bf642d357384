import type { Backend } from '../backend/backend';
import type { Pacer } from '../core/progress';
import type { Triplets } from './factors';
import { Held } from './held';

/** Entries of a piece of the product: 16 MB. */
const PIECE = 1 << 22;

/**
 * ‖A − vectorsᵀ·images‖/‖A‖ for the weight that the triplets are of, scaled like them (`values`, row-major), measured
 * entry by entry: ‖A‖² − Σσ² would lose errors below 1e−3 in the rounding of Σσ². Resolves some 1e−7; 0 where A is 0.
 */
export async function residual(
  backend: Backend,
  values: Float32Array,
  { values: { length: rank }, vectors, images, transposed }: Omit<Triplets, 'scale'>,
  pacer: Pacer,
): Promise<number> {
  const [left, right] = transposed ? [images, vectors] : [vectors, images];
  const held = new Held(backend);
  let dropped = 0;
  let whole = 0;
  try {
    const columns = right.length / rank;
    const rows = left.length / rank;
    const b = held.hold(backend.upload(right, rank, columns));
    const height = Math.max(1, Math.floor(PIECE / columns));
    for (let from = 0; from < rows; from += height) {
      const count = Math.min(height, rows - from);
      const piece = new Float32Array(rank * count);
      for (let i = 0; i < rank; i++) piece.set(left.subarray(i * rows + from, i * rows + from + count), i * count);
      const a = held.hold(backend.upload(piece, rank, count));
      const product = held.hold(await backend.multiply(a, b, { a: true }));
      const approximation = await backend.download(product);
      held.free(a, product);
      const exact = values.subarray(from * columns, (from + count) * columns);
      for (let at = 0; at < exact.length; at++) {
        const difference = exact[at] - approximation[at];
        dropped += difference * difference;
        whole += exact[at] * exact[at];
      }
      await pacer.breathe();
    }
    return dropped === 0 ? 0 : Math.sqrt(dropped / whole);
  } finally {
    held.freeAll();
  }
}
