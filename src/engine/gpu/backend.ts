import type { Backend, Matrix } from '../backend';
import { Buffers } from './buffers';
import { openDevice } from './device';
import { Dispatcher } from './dispatcher';
import { factorize } from './factorize';
import { factorizeByGram } from './factorizeByGram';
import { matmulKernel } from './kernels';
import { matmulDispatches } from './matmul';
import { Pace } from './pace';

/** What the GPU was asked for since the backend was made, and what it holds. */
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
  /** Resolves with a sentence for the user when the device is lost; every later call throws it. */
  readonly lost: Promise<string>;
}

export interface GpuOptions {
  /** Factorise by rotations on the GPU alone (usual), or by Gram matrices (usual on a software adapter). */
  readonly rotations?: boolean;
}

interface GpuMatrix extends Matrix {
  readonly buffer: GPUBuffer;
}

/**
 * The matrix operations on WebGPU; null where `gpu` (`navigator.gpu`, or Dawn's `create([])` in Node) has no adapter.
 * Operations throw a UserError where a matrix is larger than the adapter can bind, or where the device was lost.
 */
export async function createGpuBackend(gpu: GPU, options: GpuOptions = {}): Promise<GpuBackend | null> {
  const device = await openDevice(gpu);
  if (!device) return null;
  const { rotations = !device.software } = options;
  const buffers = new Buffers(device);
  const dispatcher = new Dispatcher(device);
  const productPace = new Pace();
  const rotationPace = new Pace();
  const alive = new Set<Matrix>();

  const wrap = (buffer: GPUBuffer, rows: number, columns: number): GpuMatrix => {
    const matrix = { buffer, rows, columns };
    alive.add(matrix);
    return matrix;
  };
  const bufferOf = (matrix: Matrix): GPUBuffer => {
    if (!alive.has(matrix))
      throw new Error(`The matrix [${matrix.rows}, ${matrix.columns}] was freed, or is another backend's.`);
    return (matrix as GpuMatrix).buffer;
  };

  return {
    kind: 'gpu',
    description: device.name,
    software: device.software,
    lost: device.lost,
    get counts() {
      const { count, bytes, peakBytes } = buffers;
      const { dispatches, submissions } = dispatcher;
      return { buffers: count, bytes, peakBytes, dispatches, submissions };
    },

    upload(values, rows, columns) {
      device.check();
      if (values.length !== rows * columns) {
        throw new RangeError(`${values.length} values do not fill a [${rows}, ${columns}] matrix.`);
      }
      return wrap(buffers.upload(values, `A [${rows}, ${columns}] matrix`), rows, columns);
    },

    async download(matrix) {
      const bytes = await buffers.read(bufferOf(matrix));
      return new Float32Array(bytes, 0, matrix.rows * matrix.columns);
    },

    async multiply(a, b, transpose = {}) {
      device.check();
      const [m, k] = transpose.a ? [a.columns, a.rows] : [a.rows, a.columns];
      const [inner, n] = transpose.b ? [b.columns, b.rows] : [b.rows, b.columns];
      if (k !== inner) {
        throw new RangeError(`A [${m}, ${k}] matrix cannot be multiplied by a [${inner}, ${n}] matrix.`);
      }
      const operands = { a: bufferOf(a), b: bufferOf(b) };
      await dispatcher.pipelines.prepare(matmulKernel);
      const c = buffers.create(m * n, `A [${m}, ${n}] product`);
      const flags = { transposeA: transpose.a, transposeB: transpose.b };
      try {
        await dispatcher.runPaced(matmulDispatches({ m, n, k, ...operands, c, ...flags }, productPace), productPace);
      } catch (error) {
        buffers.free(c);
        throw error;
      }
      return wrap(c, m, n);
    },

    async leftSingularVectors(a, call) {
      device.check();
      const context = { dispatcher, buffers, rotationPace, productPace };
      const vectors = rotations ? factorize : factorizeByGram;
      return wrap(await vectors(context, bufferOf(a), a.rows, a.columns, call), a.rows, a.rows);
    },

    free(...matrices) {
      for (const matrix of matrices) {
        buffers.free(bufferOf(matrix));
        alive.delete(matrix);
      }
    },

    dispose() {
      alive.clear();
      buffers.freeAll();
      device.destroy();
    },
  };
}
