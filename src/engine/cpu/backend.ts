import type { Backend, Matrix } from '../backend/backend';
import { Pacer } from '../core/progress';
import type { Runtime } from '../runtime';
import { leftSingularVectors } from './leftSingularVectors';
import { type Dense, Products } from './products';
import { cpuSelection } from './selection';
import { cpuWeights } from './weights';

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

    async prepare(weight) {
      const { multiply, ...prepared } = await weight.prepare(cpuWeights(products));
      const { rows, columns } = prepared;
      const tokensOf = (x: Matrix) => {
        if (x.columns === columns) return x.rows;
        throw new RangeError(`Tokens of ${x.columns} features do not meet a weight of ${columns}.`);
      };
      return {
        ...prepared,
        async multiply(x, { signal } = {}) {
          const tokens = tokensOf(x);
          return keep(await multiply(read(x).values, tokens, new Pacer(signal)), tokens, rows);
        },
        async time(x, times, { signal } = {}) {
          const [{ values }, tokens, pacer] = [read(x), tokensOf(x), new Pacer(signal)];
          const started = performance.now();
          for (let i = 0; i < times; i++) await multiply(values, tokens, pacer);
          return (performance.now() - started) / times;
        },
      };
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
