import shader from '../../../shaders/factorize/orthogonalize.wgsl';
import type { Buffers } from './buffers';
import { type Dispatch, type Dispatcher, dispatch } from './dispatcher';
import { kernel } from './kernel';
import type { Pace } from './pace';

const WORKGROUP = 64;
/** Above the roundoff of a float32 dot product, far below what a singular value would show, which is its square. */
const TOLERANCE = 2e-6;
/** Squared lengths that are zero, in matrices of magnitude 1. */
const NOISE = 1e-30;
/** Convergence is quadratic: 64 rows take seven or eight. */
const MOST_SWEEPS = 24;
const SWEEPS_BETWEEN_LOOKS = 3;
/** Bytes of a batch on the device at once; a larger one comes in parts. */
const PART = 2 ** 22;

export const orthogonalizeKernel = kernel({
  name: 'orthogonalize',
  source: shader,
  uniforms: { rows: 'u32', columns: 'u32', firstMatrix: 'u32', count: 'u32', tolerance: 'f32', noise: 'f32' },
  bindings: { matrices: 'read_write', settled: 'read_write' },
  overrides: { workgroupSize: WORKGROUP },
  grid: ({ count }) => [count, 1],
});

/**
 * For each of `count` matrices A `[rows, columns]` (finite, of magnitude about 1): [J·A | J], `[rows, columns + rows]`,
 * with J orthogonal and the rows of J·A orthogonal to one another, in no order. As many matrices share a dispatch as
 * the adapter's pace allows. Throws where one does not converge.
 */
export async function orthogonalizeEach(
  { dispatcher, buffers, pace }: { dispatcher: Dispatcher; buffers: Buffers; pace: Pace },
  values: Float32Array,
  count: number,
  rows: number,
  columns: number,
  signal?: AbortSignal,
): Promise<Float32Array<ArrayBuffer>> {
  await dispatcher.pipelines.prepare(orthogonalizeKernel);
  const size = rows * (columns + rows);
  const result = new Float32Array(count * size);
  const atOnce = Math.max(1, Math.floor(PART / 4 / size));
  for (let from = 0; from < count; from += atOnce) {
    const part = Math.min(atOnce, count - from);
    const extended = new Float32Array(part * size);
    for (let matrix = 0; matrix < part; matrix++) {
      const at = matrix * size;
      for (let i = 0; i < rows; i++) {
        const row = ((from + matrix) * rows + i) * columns;
        for (let j = 0; j < columns; j++) extended[at + j * rows + i] = values[row + j];
        extended[at + (columns + i) * rows + i] = 1;
      }
    }
    const rotated = await settle(extended, part);
    for (let matrix = 0; matrix < part; matrix++) {
      const [source, target] = [matrix * size, (from + matrix) * size];
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns + rows; j++) {
          result[target + i * (columns + rows) + j] = rotated[source + j * rows + i];
        }
      }
    }
  }
  return result;

  async function settle(extended: Float32Array, part: number): Promise<Float32Array> {
    const what = `A batch of ${part} [${rows}, ${columns}] matrices`;
    const matrices = buffers.upload(extended, what);
    let settled: GPUBuffer | undefined;
    try {
      settled = buffers.create(part, what);
      for (let sweep = 0; sweep < MOST_SWEEPS; sweep += SWEEPS_BETWEEN_LOOKS) {
        await dispatcher.runPaced(sweeps(part, [matrices, settled]), pace, { signal });
        if (new Uint32Array(await buffers.read(settled)).every(Boolean)) {
          return new Float32Array(await buffers.read(matrices));
        }
      }
      throw new Error(`${what} did not converge in ${MOST_SWEEPS} sweeps.`);
    } finally {
      buffers.free(matrices, ...(settled ? [settled] : []));
    }
  }

  function* sweeps(part: number, bound: readonly GPUBuffer[]): Generator<Dispatch> {
    // Every pair of rows: three dot products, and a rotation.
    const work = (rows * (rows - 1) * (6 * columns + 6 * (columns + rows))) / 2;
    for (let sweep = 0; sweep < SWEEPS_BETWEEN_LOOKS; sweep++) {
      for (let firstMatrix = 0; firstMatrix < part; ) {
        // A dispatch has at most 65,535 workgroups on every adapter.
        const fitting = Math.max(1, Math.min(65_535, Math.floor(pace.budget / Math.max(1, work))));
        const count = Math.min(part - firstMatrix, fitting);
        const uniforms = { rows, columns, firstMatrix, count, tolerance: TOLERANCE, noise: NOISE };
        yield dispatch(orthogonalizeKernel, uniforms, bound, work * count);
        firstMatrix += count;
      }
    }
  }
}
