// y = x·Wᵀ in every form against the project's own dense kernels: 1, 16 and 256 tokens, n = 512 and 1024, on the adapter
// at hand; and the sparsity from which on a sparse product is faster than a dense one. `npm run bench -- products`
import { writeFileSync } from 'node:fs';
import { dawn } from '../src/cli/dawn';
import { quantile } from '../src/engine/core/quantile';
import { seeded } from '../src/engine/core/random';
import { Buffers } from '../src/engine/gpu/buffers';
import { openDevice } from '../src/engine/gpu/device';
import { Dispatcher } from '../src/engine/gpu/dispatcher';
import { Pace } from '../src/engine/gpu/pace';
import { prepare } from '../src/engine/gpu/products/prepare';
import type { Product } from '../src/engine/gpu/products/product';
import { usualVariants } from '../src/engine/gpu/variants';
import { breakEvenOf, type SparsityCurve } from '../src/engine/measure/sparsity';
import { clustered, codebookOf } from '../src/engine/operators/codebook/codebook';
import { denseOf } from '../src/engine/operators/dense/dense';
import { lowRank } from '../src/engine/operators/lowRank/lowRank';
import type { Operator } from '../src/engine/operators/operator';
import { quantizedOf } from '../src/engine/operators/quantized/quantized';
import { scaled } from '../src/engine/operators/scaled/scaled';
import { shared } from '../src/engine/operators/shared/shared';
import type { Pattern } from '../src/engine/operators/sparse/layouts/cells';
import { sparseOf } from '../src/engine/operators/sparse/sparse';
import { sum } from '../src/engine/operators/sum/sum';
import { trainOf } from '../src/engine/operators/tensorTrain/tensorTrain';

const SIZES = [512, 1024];
const TOKENS = [1, 16, 256];
const DENSITIES = [0.5, 0.2, 0.1, 0.05, 0.01];
const ROUNDS = 3;
/** A sample repeats a product until it takes about this long, so that launching and waiting are shared. */
const SAMPLE_MS = 10;

const random = seeded(1);
const normals = (length: number) => Float32Array.from({ length }, () => random.normal());
const bytes = (length: number) => Uint8Array.from({ length }, () => random.below(256));
const dense = (rows: number, columns: number) => denseOf([rows, columns], 'float32', normals(rows * columns));
const half = (rows: number, columns: number) => denseOf([rows, columns], 'float16', normals(rows * columns));

async function operatorsOf(n: number): Promise<Record<string, Operator>> {
  const quantised = (bits: 2 | 4 | 8, blockSize: number): Operator => {
    const blocks = n / blockSize;
    const codes = bytes((n * n * bits) / 8);
    const zeroPoints = blocks > 1 ? bytes(n * Math.ceil((blocks * bits) / 8)) : undefined;
    return quantizedOf([n, n], 'float32', { bits, blockSize, codes, scales: normals(n * blocks), zeroPoints });
  };
  const train = (sites: readonly number[], bond: number): Operator => {
    const cores = sites.map((site, k) => {
      const shape = [k === 0 ? 1 : bond, site, site, k === sites.length - 1 ? 1 : bond] as const;
      return { shape, values: normals(shape.reduce((all, size) => all * size, 1)) };
    });
    return trainOf(cores, [n, n], 'float32');
  };
  const sparseIn = (values: Float32Array, pattern: Pattern) =>
    sparseOf(values, { shape: [n, n], type: 'float32', pattern, opset: 17 });
  const thinned = (density: number) =>
    sparseIn(
      normals(n * n).map((value) => (random.uniform() < density ? value : 0)),
      { kind: 'unstructured' },
    );
  const rank = (r: number) => lowRank(dense(n, r), dense(r, n));
  const keep = Array.from({ length: (n / 16) ** 2 }, () => random.uniform() < 0.1);
  const blocks = normals(n * n).map((value, at) =>
    keep[Math.floor(at / n / 16) * (n / 16) + Math.floor((at % n) / 16)] ? value : 0,
  );
  const twoOfFour = normals(n * n).map((value, at) => (at % 4 < 2 ? value : 0));
  const codes = bytes(n * n).map((byte) => byte % 16);
  const sparse: Record<string, Operator> = {};
  for (const density of DENSITIES) sparse[`sparse ${density}`] = await thinned(density);
  return {
    dense: dense(n, n),
    'dense float16': half(n, n),
    'low rank n/8': rank(n / 8),
    'low rank n/32': rank(n / 32),
    'low rank n/8 float16': lowRank(half(n, n / 8), half(n / 8, n)),
    'int8 per channel': quantised(8, n),
    'int4 groups of 32': quantised(4, 32),
    'int2 groups of 32': quantised(2, 32),
    'codebook of 16': clustered([n, n], codes, codebookOf(normals(16), 'float32')),
    ...sparse,
    '2:4': await sparseIn(twoOfFour, { kind: 'n:m', n: 2, m: 4 }),
    'blocks 16×16, 0.1': await sparseIn(blocks, { kind: 'block', rows: 16, columns: 16 }),
    'tensor train, 2 sites, bond 8': train([32, n / 32], 8),
    'tensor train, 3 sites, bond 8': train([8, 8, n / 64], 8),
    'hash-shared 16×': shared(dense(1, (n * n) / 16), [n, n], (n * n) / 16, 1),
    'low rank n/32 + sparse 0.05': sum([rank(n / 32), await thinned(0.05)]),
    'scaled int4 groups of 32': scaled(quantised(4, 32), dense(1, n)),
  };
}

const gpu = await dawn();
const device = gpu ? await openDevice(gpu) : null;
if (!device) throw new Error('No WebGPU adapter: products cannot be measured here.');
const context = {
  buffers: new Buffers(device),
  dispatcher: new Dispatcher(device),
  pace: new Pace(),
  variants: usualVariants(device),
  panelBytes: device.largestBinding,
};

/** Runs a product `times` times. Returns the milliseconds of one. */
function timer(product: Product, x: GPUBuffer, tokens: number) {
  const { buffers, dispatcher, pace } = context;
  const y = buffers.create(tokens * product.rows, 'A product');
  const held: GPUBuffer[] = [];
  const scratch = (length: number) => {
    const buffer = buffers.create(length, 'What lies between two products');
    held.push(buffer);
    return buffer;
  };
  const steps = [...product.steps({ x, y, tokens, accumulate: false }, scratch, pace)];
  return {
    dispatches: steps.length,
    async run(times: number) {
      const started = performance.now();
      for (let i = 0; i < times; i++) dispatcher.submit(steps);
      await dispatcher.settle();
      return (performance.now() - started) / times;
    },
    free: () => buffers.free(y, ...held),
  };
}

const digits = (value: number) => Number(value.toPrecision(3));
interface Row {
  n: number;
  tokens: number;
  form: string;
  /** The median, and the fastest, of one product. */
  ms: number;
  fastestMs: number;
  timesFasterThanDense: number;
  weightBytes: number;
  /** The weight, x and y, each once. */
  leastBytesMoved: number;
  multiplyAdds: number;
  dispatches: number;
}
const rows: Row[] = [];
for (const n of SIZES) {
  const products = new Map<string, Product>();
  const operators = await operatorsOf(n);
  for (const [name, operator] of Object.entries(operators)) products.set(name, await prepare(context, operator));
  for (const tokens of TOKENS) {
    const x = context.buffers.upload(normals(tokens * n), 'x');
    const timers = [...products].map(([name, product]) => ({ name, product, timer: timer(product, x, tokens) }));
    const repeats = new Map<string, number>();
    for (const { name, timer } of timers) {
      await timer.run(1);
      repeats.set(name, Math.max(1, Math.round(SAMPLE_MS / (await timer.run(1)))));
    }
    // Interleaved, so that other work on the machine slows every form equally.
    const samples = new Map<string, number[]>(timers.map(({ name }) => [name, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const { name, timer } of timers) samples.get(name)!.push(await timer.run(repeats.get(name)!));
    }
    const denseMs = quantile(samples.get('dense')!, 0.5);
    for (const { name, product, timer } of timers) {
      const ms = quantile(samples.get(name)!, 0.5);
      rows.push({
        n,
        tokens,
        form: name,
        ms: digits(ms),
        fastestMs: digits(Math.min(...samples.get(name)!)),
        timesFasterThanDense: digits(denseMs / ms),
        weightBytes: product.bytes,
        leastBytesMoved: product.bytes + 4 * tokens * (product.rows + product.columns),
        multiplyAdds: tokens * operators[name]!.multiplyAdds,
        dispatches: timer.dispatches,
      });
      timer.free();
    }
    context.buffers.free(x);
    process.stderr.write('.');
  }
  for (const product of products.values()) product.free();
}

/** From which sparsity on a sparse product is faster, for each number of tokens. */
function curveOf(n: number, tokens: number): { n: number } & SparsityCurve {
  const points = DENSITIES.map((density) => {
    const form = `sparse ${density}`;
    const { timesFasterThanDense } = rows.find((row) => row.n === n && row.tokens === tokens && row.form === form)!;
    return { sparsity: 1 - density, timesFaster: timesFasterThanDense };
  });
  const breakEven = breakEvenOf(points);
  return { n, tokens, points, breakEven: breakEven === null ? null : digits(breakEven) };
}

const summary = {
  command: 'npm run bench -- products',
  adapter: device.name,
  software: device.software,
  date: new Date().toISOString().slice(0, 10),
  note: 'Medians of interleaved samples, synchronised; breakEven: the share of zeros from which on sparse is as fast as dense, null where none measured is.',
  sparsity: SIZES.flatMap((n) => TOKENS.map((tokens) => curveOf(n, tokens))),
  rows,
};
writeFileSync('bench/results/products.json', `${JSON.stringify(summary, null, 2)}\n`);
console.table(rows, ['n', 'tokens', 'form', 'ms', 'timesFasterThanDense', 'weightBytes', 'dispatches']);
console.log(JSON.stringify(summary.sparsity.map(({ n, tokens, breakEven }) => ({ n, tokens, breakEven }))));
device.destroy();
process.exit(0);
