// f32 products in each variant of the kernels, those with subgroups among them, on the Vulkan driver that Dawn finds:
// `npm run bench -- subgroups`, and `CARRARA_VULKAN=/path/of/an_icd.json npm run bench -- subgroups` for another. The
// result keeps one entry for each adapter. A software adapter works on this process's threads: their processor time says
// more than the clock where the machine has other work.
import { existsSync, readFileSync } from 'node:fs';
import { dawn } from '../src/cli/dawn';
import { dispatch } from '../src/engine/gpu/dispatcher';
import {
  type MatmulVariant,
  matmulKernels,
  matmulSubgroupOf,
  SUBGROUP_TILES,
  SUBGROUP_VARIANTS,
  type SubgroupVariant,
  TILE_VARIANTS,
  VECTOR_VARIANTS,
  type VectorVariant,
} from '../src/engine/gpu/kernels';
import { MOST_VECTORS, matmulDispatches, matmulKernelsFor, type Product } from '../src/engine/gpu/matmul';
import { openSession } from '../src/engine/gpu/session';
import { usualVariants } from '../src/engine/gpu/variants';
import { normal } from '../src/engine/reference/random';
import { keepResult } from './timing';

const ROUNDS = 9;
const FILE = 'bench/results/subgroups.json';
const SHAPES = [
  [64, 256, 256],
  [256, 256, 256],
  [512, 512, 512],
  [8, 1024, 1024],
  [4, 1024, 1024],
  [1, 1024, 1024],
] as const;

const gpu = await dawn();
const session = gpu && (await openSession(gpu, { panelBytes: Number.POSITIVE_INFINITY }));
if (!session) throw new Error('No WebGPU adapter: subgroups cannot be measured here.');
const { device, dispatcher, buffers, productPace: pace } = session;
const usual = usualVariants(device);
const shuffled: readonly SubgroupVariant[] = device.subgroups ? SUBGROUP_VARIANTS : [];

const found = [];
for (const [m, k, n] of SHAPES) {
  for (const transposeB of [false, true]) found.push(await measure(m, k, n, transposeB));
}
const known = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')).adapters : {};
keepResult('subgroups', {
  what: 'processor ms of one product [m, k]·[k, n], the least of nine interleaved runs, by variant; faster: the best without subgroups over the best with them',
  adapters: { ...known, [device.name]: { subgroups: device.subgroups, software: device.software, found } },
});
process.exit(0);

async function measure(m: number, k: number, n: number, transposeB: boolean) {
  const a = buffers.upload(Float32Array.from(normal(m * k, 1)), 'a');
  const b = buffers.upload(Float32Array.from(normal(k * n, 2)), 'b');
  const c = buffers.create(m * n, 'c');
  const product: Product = { m, n, k, a, b, c, transposeB };
  const few = m <= MOST_VECTORS;
  const runs = new Map<string, () => void>();
  for (const variant of few ? VECTOR_VARIANTS : TILE_VARIANTS) {
    const variants = few
      ? { ...usual, few: variant as VectorVariant, vector: variant as VectorVariant }
      : { ...usual, matmul: variant as MatmulVariant };
    await dispatcher.pipelines.prepare(...matmulKernelsFor(product, variants));
    runs.set(variant, () => dispatcher.submit([...matmulDispatches(product, variants, pace)]));
  }
  for (const variant of shuffled) {
    const kernel = few ? matmulSubgroupOf(SUBGROUP_TILES[variant].lanes, m > 4 ? 8 : 4) : matmulKernels[variant];
    await dispatcher.pipelines.prepare(kernel);
    const strides = {
      aRow: k,
      aDepth: 1,
      bDepth: transposeB ? 1 : n,
      bColumn: transposeB ? k : 1,
      cRow: n,
      cColumn: 1,
    };
    const part = { m, n, firstRow: 0, firstColumn: 0, rows: m, columns: n, firstDepth: 0, lastDepth: k };
    const uniforms = { ...strides, ...part, alpha: 1, beta: 0 };
    runs.set(variant, () => dispatcher.submit([dispatch(kernel, uniforms, [a, b, c], 2 * m * k * n)]));
  }
  const ms: Record<string, number> = {};
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [variant, run] of runs) {
      const before = process.cpuUsage();
      run();
      await dispatcher.settle();
      const { user, system } = process.cpuUsage(before);
      // The first round compiles.
      if (round > 0) ms[variant] = Math.min((user + system) / 1e3, ms[variant] ?? Number.POSITIVE_INFINITY);
    }
  }
  buffers.free(a, b, c);
  const least = (of: readonly string[]) => Math.min(...of.map((variant) => ms[variant]!));
  const others = [...runs.keys()].filter((variant) => !shuffled.includes(variant as SubgroupVariant));
  const row = { shape: [m, k, n], transposeB, ms, faster: least(others) / least(shuffled) };
  console.error(JSON.stringify(row));
  return row;
}
