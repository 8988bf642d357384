// What contracting x with the cores of a tensor train costs beside the dense product, natively and in WebAssembly:
// `npm run bench -- tensorTrain`. `pace` is the share of the dense product's multiply-adds a second that the contraction
// reaches; operators/forms.ts chooses the form by it.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { memorySource } from '../src/engine/core/bytes';
import { seeded } from '../src/engine/core/random';
import { measureLatency } from '../src/engine/evaluation/latency';
import { gaussian } from '../src/engine/model/fixtures';
import { layersOf } from '../src/engine/model/layers';
import { readModel } from '../src/engine/model/model';
import { DataType, modelBytes, node, tensor, value } from '../src/engine/model/onnx/build';
import { scopeOf } from '../src/engine/model/scopes';
import { sessionModelOf } from '../src/engine/model/write';
import { replaceWeights } from '../src/engine/operators/export/replace';
import { elements } from '../src/engine/operators/operator';
import { trainOf } from '../src/engine/operators/tensorTrain/tensorTrain';
import { trainMultiplyAdds } from '../src/engine/operators/tensorTrain/trainSites';
import type { Provider, Runtime } from '../src/engine/runtime';
import { nodeRuntime } from '../src/runtime/node';
import { webRuntime } from './webRuntime';

/** Layers in a chain, so that a session's own costs don't count for much: [out, in] and its mirror image in turns. */
const DEPTH = 6;

const SHAPES: { out: number[]; in: number[]; bonds: number[] }[] = [
  { out: [16, 16], in: [16, 16], bonds: [2, 4] },
  { out: [32, 32], in: [32, 32], bonds: [2, 4, 8, 16] },
  { out: [8, 8, 16], in: [16, 8, 8], bonds: [2, 4, 8, 16] },
  { out: [64, 64], in: [32, 32], bonds: [4, 8, 16] },
  { out: [16, 16, 16], in: [16, 8, 8], bonds: [4, 8, 16] },
  { out: [16, 8, 16], in: [16, 8, 16], bonds: [4, 8, 16] },
  { out: [8, 8, 8, 4], in: [4, 8, 8, 8], bonds: [4, 8, 16] },
];

const random = seeded(1);
const runtimes: [Runtime, Provider][] = [
  [nodeRuntime(), 'cpu'],
  [webRuntime(), 'wasm'],
];

const rows: object[] = [];
for (const { out, in: inner, bonds } of SHAPES) {
  for (const bond of bonds) {
    for (const tokens of [1, 64]) {
      const { original, changed, multiplyAdds } = await chain(out, inner, bond, tokens);
      for (const [runtime, provider] of runtimes) {
        const open = async (model: typeof original) =>
          runtime.open(await sessionModelOf(model, runtime.externalData), provider);
        const [before, after] = [await open(original), await open(changed)];
        const width = elements(inner);
        const x = { type: 'float32' as const, dims: [tokens, width], data: gaussian(random, [tokens, width]) };
        const { latencyMs } = await measureLatency(before, after, { x }, { runs: 30, budgetMs: 1500 });
        await before.release();
        await after.release();
        const time = latencyMs.after.median / latencyMs.before.median;
        const row = {
          runtime: runtime.name,
          shape: `${out.join('·')} × ${inner.join('·')}`,
          bond,
          tokens,
          /** Of the dense product. */
          multiplyAdds,
          denseMs: latencyMs.before.median,
          trainMs: latencyMs.after.median,
          time,
          pace: multiplyAdds / time,
        };
        rows.push(row);
        console.error(JSON.stringify(row));
      }
    }
  }
}
const result = {
  command: 'npm run bench -- tensorTrain',
  machine: `${cpus().length} cores, ${cpus()[0]!.model}`,
  date: new Date().toISOString().slice(0, 10),
  rows,
};
writeFileSync('bench/results/tensorTrain.json', `${JSON.stringify(result, null, 2)}\n`);
process.exit(0);

async function chain(out: readonly number[], inner: readonly number[], bond: number, tokens: number) {
  const sizesAt = (layer: number) => (layer % 2 === 0 ? { out, in: inner } : { out: inner, in: out });
  const weights = Array.from({ length: DEPTH }, (_, layer) => {
    const sizes = sizesAt(layer);
    const dims = [elements(sizes.in), elements(sizes.out)];
    // The variance that keeps values as large as they were.
    return tensor(
      `w${layer}`,
      dims,
      gaussian(random, dims).map((entry) => entry / Math.sqrt(dims[0]!)),
    );
  });
  const names = ['x', ...weights.slice(1).map((_, layer) => `h${layer}`), 'y'];
  const bytes = modelBytes({
    opset: 17,
    nodes: weights.map(({ name }, layer) =>
      node('MatMul', [names[layer]!, name], [names[layer + 1]!], {}, { name: `fc${layer}` }),
    ),
    inputs: [value('x', DataType.FLOAT, [tokens, elements(inner)])],
    outputs: [value('y', DataType.FLOAT)],
    initializers: weights,
  });
  const original = await readModel(memorySource(bytes, 'chain.onnx'));
  const main = scopeOf(original);
  let [contraction, dense] = [0, 0];
  const operators = layersOf(main).map((layer, at) => {
    const sizes = sizesAt(at);
    const chi = sizes.out.slice(1).map((_, cut) => {
      const across = (from: number, to?: number) =>
        elements(sizes.out.slice(from, to)) * elements(sizes.in.slice(from, to));
      return Math.min(bond, across(0, cut + 1), across(cut + 1));
    });
    const cores = sizes.out.map((size, k) => {
      const shape = [chi[k - 1] ?? 1, size, sizes.in[k]!, chi[k] ?? 1] as const;
      const scale = 1 / Math.sqrt(shape[2] * shape[0]);
      return { values: gaussian(random, shape).map((entry) => entry * scale), shape };
    });
    contraction += trainMultiplyAdds({ ...sizes, bonds: chi });
    dense += elements(sizes.out) * elements(sizes.in);
    return [layer, trainOf(cores, layer.shape, 'float32')] as const;
  });
  const choice = { aim: 'speed', form: 'factored' } as const;
  const changed = await replaceWeights(original, main, new Map(operators), { choice });
  return { original, changed, multiplyAdds: contraction / dense };
}
