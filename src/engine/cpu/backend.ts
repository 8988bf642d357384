import type { Backend, Matrix } from '../backend/backend';
import { Pacer } from '../core/progress';
import type { Runtime } from '../runtime';
import { leftSingularVectors } from './leftSingularVectors';
import { type Dense, Products } from './products';
import { cpuSelection } from './selection';

/** The matrix operations without a GPU: products by onnxruntime, eigenvectors in TypeScript, all in host memory. */
export function createCpuBackend(runtime: Runtime): Backend {
  const products = new Products(runtime);
  const stored = new Map<Matrix, Float32Array<ArrayBuffer>>();

  const keep = (values: Float32Array<ArrayBuffer>, rows: number, columns: number): Matrix => {
    const matrix = { rows, columns };
    stored.set(matrix, values);
    return matrix;
  };
  const read = (matrix: Matrix): Dense & { values: Float32Array<ArrayBuffer> } => {
    const values = stored.get(matrix);
    if (!values) throw new Error(`The matrix [${matrix.rows}, ${matrix.columns}] was freed, or is another backend's.`);
    return { values, rows: matrix.rows, columns: matrix.columns };
  };

  return {
    kind: 'cpu',
    description: `CPU, ${runtime.name}`,
    software: false,
    selection: cpuSelection,

    upload(values, rows, columns) {
      if (values.length !== rows * columns) {
        throw new RangeError(`A matrix [${rows}, ${columns}] needs ${rows * columns} values, not ${values.length}.`);
      }
      return keep(values.slice(), rows, columns);
    },

    async download(matrix) {
      return read(matrix).values.slice();
    },

    async multiply(a, b, { a: transposeA = false, b: transposeB = false } = {}) {
      const [rows, inner] = transposeA ? [a.columns, a.rows] : [a.rows, a.columns];
      const [other, columns] = transposeB ? [b.columns, b.rows] : [b.rows, b.columns];
      if (inner !== other) {
        throw new RangeError(`Inner dimensions differ: [${rows}, ${inner}] times [${other}, ${columns}].`);
      }
      return keep(await products.multiply(read(a), read(b), transposeA, transposeB), rows, columns);
    },

    async leftSingularVectors(a, { count, signal, onProgress } = {}) {
      const { vectors, values } = await leftSingularVectors(products, read(a), new Pacer(signal), {
        count,
        onProgress,
      });
      return { vectors: keep(vectors, vectors.length / a.rows, a.rows), values };
    },

    free(...matrices) {
      for (const matrix of matrices) stored.delete(matrix);
    },

    dispose() {
      stored.clear();
      products.release();
    },
  };
}
