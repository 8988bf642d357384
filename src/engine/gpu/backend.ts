import type { Backend, Matrix } from '../backend/backend';
import { factorize } from './factorize';
import { factorizeByGram } from './factorizeByGram';
import { createPanels, type GpuMatrix, panelProducts } from './panels';
import { backendWeight } from './products/onBackend';
import { runProduct } from './runProduct';
import { gpuSelection } from './selection';
import { type Session, Sessions } from './session';
import type { TuningStore } from './tuning';

/** What the GPU has done since its device was opened, and what it holds. */
export interface GpuCounts {
  readonly buffers: number;
  readonly bytes: number;
  readonly peakBytes: number;
  readonly dispatches: number;
  readonly submissions: number;
}

export interface GpuBackend extends Backend {
  readonly kind: 'gpu';
  readonly counts: GpuCounts;
  /** Resolves with a sentence for the user when the device is lost. Every call then throws it until `recover`. */
  readonly lost: Promise<string>;
}

export interface GpuOptions {
  /** Factorise by rotations on the GPU alone (usual), or by Gram matrices (usual on software adapters). */
  readonly rotations?: boolean;
  /** The most bytes of a matrix in one buffer. Usually as many as the adapter can bind. */
  readonly panelBytes?: number;
  /** Where the fastest variants for this adapter are remembered. Without it the usual variants are used. */
  readonly tuning?: TuningStore | undefined;
}

/**
 * The matrix operations on WebGPU. Null where `gpu` (`navigator.gpu`, or Dawn's `create([])` in Node) has no adapter.
 * Operations throw a UserError where a matrix is larger than the adapter can hold, and a GpuError where the device was
 * lost or its memory ran out; `recover` makes the backend usable again.
 */
export async function createGpuBackend(gpu: GPU, options: GpuOptions = {}): Promise<GpuBackend | null> {
  const sessions = await Sessions.open(gpu, {
    panelBytes: options.panelBytes ?? Number.POSITIVE_INFINITY,
    tuning: options.tuning,
  });
  if (!sessions) return null;
  const { rotations = !sessions.current.device.software } = options;
  const homes = new WeakMap<Matrix, Session>();
  const alive = new Set<Matrix>();

  const keep = (matrix: GpuMatrix, session: Session): GpuMatrix => {
    homes.set(matrix, session);
    alive.add(matrix);
    return matrix;
  };
  /** Returns the session in use. Throws where it failed, or where a matrix is from an earlier session. */
  const using = (...matrices: readonly Matrix[]): Session => {
    const session = sessions.current;
    for (const matrix of matrices) {
      const home = homes.get(matrix);
      if (home && home !== session)
        throw home.device.failed ?? new Error('The matrix is of a device that was replaced.');
      if (!alive.has(matrix)) {
        throw new Error(`The matrix [${matrix.rows}, ${matrix.columns}] was freed, or is another backend's.`);
      }
    }
    session.device.check();
    return session;
  };

  async function multiply(a: Matrix, b: Matrix, transpose: { a?: boolean; b?: boolean } = {}, signal?: AbortSignal) {
    const session = using(a, b);
    const [m, k] = transpose.a ? [a.columns, a.rows] : [a.rows, a.columns];
    const [inner, n] = transpose.b ? [b.columns, b.rows] : [b.rows, b.columns];
    if (k !== inner) {
      throw new RangeError(`A [${m}, ${k}] matrix cannot be multiplied by a [${inner}, ${n}] matrix.`);
    }
    const { buffers, panelBytes } = session;
    const [transposeA, transposeB] = [transpose.a ?? false, transpose.b ?? false];
    const c = createPanels(buffers, m, n, panelBytes, `A [${m}, ${n}] product`);
    try {
      for (const product of panelProducts(a as GpuMatrix, b as GpuMatrix, c, transposeA, transposeB)) {
        // Nobody waits here: reading the product waits for it. Small products in a row would each wait longer than they
        // take.
        await runProduct(session, product, { signal, wait: false });
      }
    } catch (error) {
      buffers.free(...buffersOf(c));
      throw error;
    }
    return keep(c, session);
  }

  const backend: GpuBackend = {
    kind: 'gpu',
    get description() {
      return sessions.current.device.name;
    },
    get software() {
      return sessions.current.device.software;
    },
    get lost() {
      return sessions.current.device.lost;
    },
    get counts() {
      const { count, bytes, peakBytes } = sessions.current.buffers;
      const { dispatches, submissions } = sessions.current.dispatcher;
      return { buffers: count, bytes, peakBytes, dispatches, submissions };
    },

    selection: gpuSelection(() => using()),

    upload(values, rows, columns) {
      const session = using();
      if (values.length !== rows * columns) {
        throw new RangeError(`${values.length} values do not fill a [${rows}, ${columns}] matrix.`);
      }
      const { device, buffers, panelBytes } = session;
      const matrix = createPanels(buffers, rows, columns, panelBytes, `A [${rows}, ${columns}] matrix`);
      for (const { buffer, firstRow, rows: count } of matrix.panels) {
        const panel = values.subarray(firstRow * columns, (firstRow + count) * columns);
        device.gpu.queue.writeBuffer(buffer, 0, panel as GPUAllowSharedBufferSource);
      }
      return keep(matrix, session);
    },

    async download(matrix) {
      const { buffers } = using(matrix);
      const { panels, rows, columns } = matrix as GpuMatrix;
      if (panels.length === 1) return new Float32Array(await buffers.read(panels[0]!.buffer), 0, rows * columns);
      const values = new Float32Array(rows * columns);
      for (const { buffer, firstRow } of panels) {
        values.set(new Float32Array(await buffers.read(buffer)), firstRow * columns);
      }
      return values;
    },

    multiply: (a, b, transpose) => multiply(a, b, transpose),

    async prepare(weight) {
      const session = using();
      const check = (...matrices: readonly Matrix[]) => {
        if (using(...matrices) !== session) {
          throw session.device.failed ?? new Error('The weight is of a device that was replaced.');
        }
      };
      return backendWeight(session, weight, { check, keep: (matrix) => keep(matrix, session) });
    },

    async leftSingularVectors(a, call) {
      const session = using(a);
      const [first, ...others] = (a as GpuMatrix).panels;
      const { rows, columns } = a;
      // Rotations need all rows in one buffer.
      if (!rotations || others.length > 0) return { vectors: await factorizeByGram({ ...backend, multiply }, a, call) };
      const vectors = await factorize(session, first!.buffer, rows, columns, call);
      return { vectors: keep({ rows, columns: rows, panels: [{ buffer: vectors, firstRow: 0, rows }] }, session) };
    },

    recover: (error) => sessions.replace(error),

    free(...matrices) {
      for (const matrix of matrices) {
        const alreadyFreed = !alive.delete(matrix);
        // The memory of a failed device is freed already.
        if (homes.has(matrix) && homes.get(matrix) !== sessions.current) continue;
        if (alreadyFreed) {
          throw new Error(`The matrix [${matrix.rows}, ${matrix.columns}] was freed, or is another backend's.`);
        }
        sessions.current.buffers.free(...buffersOf(matrix as GpuMatrix));
      }
    },

    dispose() {
      alive.clear();
      sessions.close();
    },
  };
  return backend;
}

const buffersOf = ({ panels }: GpuMatrix): GPUBuffer[] => panels.map(({ buffer }) => buffer);
