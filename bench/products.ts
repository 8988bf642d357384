// y = x·Wᵀ in every form against the project's own dense kernels: 1, 16 and 256 tokens, n = 512 and 1024, on the adapter
// at hand; and the sparsity from which on a sparse product is faster than a dense one. `npm run bench -- products`
import { writeFileSync } from 'node:fs';
import { dawn } from '../src/cli/dawn';
import { seeded } from '../src/engine/core/random';
import { Buffers } from '../src/engine/gpu/buffers';
import { openDevice } from '../src/engine/gpu/device';
import { Dispatcher } from '../src/engine/gpu/dispatcher';
import { breakEvenOf, type SparsityCurve } from '../src/engine/gpu/measure/sparsity';
import { Pace } from '../src/engine/gpu/pace';
import { prepare } from '../src/engine/gpu/products/prepare';
import type { Product } from '../src/engine/gpu/products/product';
import { usualVariants } from '../src/engine/gpu/variants';
import { floatsToHalves } from '../src/engine/model/tensors';
import { blockSparseOf, nmOf, sparseOf } from '../src/engine/sparsity';
import type { WeightForm } from '../src/engine/weightForm';

const SIZES = [512, 1024];
const TOKENS = [1, 16, 256];
const DENSITIES = [0.5, 0.2, 0.1, 0.05, 0.01];
const ROUNDS = 3;
/** A sample repeats a product until it takes about this long, so that launching and waiting are shared. */
const SAMPLE_MS = 10;

const random = seeded(1);
const normals = (length: number) => Float32Array.from({ length }, () => random.normal());
const bytes = (length: number) => Uint8Array.from({ length }, () => random.below(256));
const dense = (rows: number, columns: number) => ({
  kind: 'dense' as const,
  rows,
  columns,
  values: normals(rows * columns),
});
const half = (rows: number, columns: number): WeightForm => ({
  ...dense(rows, columns),
  values: floatsToHalves(normals(rows * columns)),
});

function formsOf(n: number): Record<string, WeightForm> {
  const quantized = (bits: 2 | 4 | 8, blockSize: number): WeightForm => {
    const blocks = n / blockSize;
    const codes = bytes((n * n * bits) / 8);
    const zeroPoints = blocks > 1 ? bytes(n * Math.ceil((blocks * bits) / 8)) : undefined;
    return { kind: 'quantized', rows: n, columns: n, bits, blockSize, codes, scales: normals(n * blocks), zeroPoints };
  };
  const thinned = (density: number) => normals(n * n).map((value) => (random.uniform() < density ? value : 0));
  const train = (sites: readonly number[], bond: number): WeightForm => {
    const bonds = sites.slice(1).map(() => bond);
    const cores = sites.map((site, k) => normals((bonds[k - 1] ?? 1) * site * site * (bonds[k] ?? 1)));
    return { kind: 'tensorTrain', out: sites, in: sites, bonds, cores };
  };
  const lowRank = (rank: number): WeightForm => ({ kind: 'lowRank', left: dense(n, rank), right: dense(rank, n) });
  const twoOfFour = normals(n * n).map((value, at) => (at % 4 < 2 ? value : 0));
  const keep = Array.from({ length: (n / 16) ** 2 }, () => random.uniform() < 0.1);
  const blocks = normals(n * n).map((value, at) =>
    keep[Math.floor(at / n / 16) * (n / 16) + Math.floor((at % n) / 16)] ? value : 0,
  );
  const sparse = (density: number) => sparseOf(thinned(density), n, n);
  return {
    dense: dense(n, n),
    'dense float16': half(n, n),
    'low rank n/8': lowRank(n / 8),
    'low rank n/32': lowRank(n / 32),
    'low rank n/8 float16': { kind: 'lowRank', left: half(n, n / 8), right: half(n / 8, n) },
    'int8 per channel': quantized(8, n),
    'int4 groups of 32': quantized(4, 32),
    'int2 groups of 32': quantized(2, 32),
    ...Object.fromEntries(DENSITIES.map((density) => [`sparse ${density}`, sparse(density)])),
    '2:4': nmOf(twoOfFour, n, n, 2, 4),
    'blocks 16×16, 0.1': blockSparseOf(blocks, n, n, 16, 16),
    'tensor train, 2 sites, bond 8': train([32, n / 32], 8),
    'tensor train, 3 sites, bond 8': train([8, 8, n / 64], 8),
    'hash-shared 16×': {
      kind: 'shared',
      rows: n,
      columns: n,
      slots: normals((n * n) / 16),
      run: (n * n) / 16,
      scale: 1,
      offset: 0,
      seed: 1,
    },
    'low rank n/32 + sparse 0.05': { kind: 'sum', parts: [lowRank(n / 32), sparse(0.05)] },
    'diagonals · int4 groups of 32': { kind: 'scaled', out: normals(n), in: normals(n), inner: quantized(4, 32) },
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

/** Runs a product `times` over; milliseconds for one. */
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

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
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
  for (const [name, form] of Object.entries(formsOf(n))) products.set(name, await prepare(context, form));
  for (const tokens of TOKENS) {
    const x = context.buffers.upload(normals(tokens * n), 'x');
    const timers = [...products].map(([name, product]) => ({ name, product, timer: timer(product, x, tokens) }));
    const repeats = new Map<string, number>();
    for (const { name, timer } of timers) {
      await timer.run(1);
      repeats.set(name, Math.max(1, Math.round(SAMPLE_MS / (await timer.run(1)))));
    }
    // Interleaved, so that whatever else the machine does meets every form alike.
    const samples = new Map<string, number[]>(timers.map(({ name }) => [name, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const { name, timer } of timers) samples.get(name)!.push(await timer.run(repeats.get(name)!));
    }
    const denseMs = median(samples.get('dense')!);
    for (const { name, product, timer } of timers) {
      const ms = median(samples.get(name)!);
      rows.push({
        n,
        tokens,
        form: name,
        ms: digits(ms),
        fastestMs: digits(Math.min(...samples.get(name)!)),
        timesFasterThanDense: digits(denseMs / ms),
        weightBytes: product.bytes,
        leastBytesMoved: product.bytes + 4 * tokens * (product.rows + product.columns),
        multiplyAdds: tokens * product.multiplyAdds,
        dispatches: timer.dispatches,
      });
      timer.free();
    }
    context.buffers.free(x);
    process.stderr.write('.');
  }
  for (const product of products.values()) product.free();
}

/** How sparsity pays, by the number of tokens. */
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
