import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seeded } from '../core/random';
import { apply } from '../reference/apply';
import { expectClose } from '../reference/compare';
import { diagonalize } from '../reference/diagonalize';
import { gather } from '../reference/gather';
import { gram } from '../reference/gram';
import { identity } from '../reference/identity';
import { matmul } from '../reference/matmul';
import { norms } from '../reference/norms';
import { normal } from '../reference/random';
import { Buffers } from './buffers';
import { type Device, openDevice } from './device';
import { Dispatcher, dispatch } from './dispatcher';
import { kernel } from './kernel';
import * as kernels from './kernels';
import { matmulDispatches } from './matmul';
import { Pace } from './pace';
import { testGpu } from './testing';
import { usualVariants } from './variants';

let device: Device;
let buffers: Buffers;
let dispatcher: Dispatcher;

beforeAll(async () => {
  device = (await openDevice(await testGpu()))!;
  expect(device, 'a WebGPU adapter').not.toBeNull();
  buffers = new Buffers(device);
  dispatcher = new Dispatcher(device);
  const compiling = kernels.KERNELS.filter(({ name }) => device.subgroups || name !== 'matmulSubgroup');
  await dispatcher.pipelines.prepare(...compiling);
});
afterAll(() => device?.destroy());

const upload = (values: ArrayLike<number>) => buffers.upload(Float32Array.from(values), 'a test');
const read = async (buffer: GPUBuffer) => new Float32Array(await buffers.read(buffer));
const single = (length: number, seed: number) => Float32Array.from(normal(length, seed));

const usual = usualVariants({ software: false, subgroups: undefined });
/** A pace whose budget is one workgroup at a time, so that every piece is a dispatch of its own. */
function slow() {
  const pace = new Pace();
  pace.record(1, 1e6);
  return pace;
}

// n roundings, each to 6e−8 of a partial sum of at most some 3·√n, add up like √n: 2e−7·n.
const dotTolerance = (n: number) => 2e-7 * n + 1e-6;

describe('kernels against their twins', () => {
  it('matmul scales, accumulates, and may be cut into pieces', async () => {
    const [m, n, k] = [150, 131, 70];
    const [a, b, c] = [single(m * k, 1), single(k * n, 2), single(m * n, 3)];
    const result = upload(c);
    const product = { m, n, k, a: upload(a), b: upload(b), c: result, alpha: -0.5, beta: 1.5 };
    const pieces = [...matmulDispatches(product, usual, slow())];
    const size = kernels.tileSize(usual.tile);
    expect(pieces.length).toBe(Math.ceil(m / size) * Math.ceil(n / size));
    dispatcher.submit(pieces);
    expectClose(await read(result), matmul(a, b, m, n, k, { alpha: -0.5, beta: 1.5, c }), dotTolerance(k));
  });

  it('matmul gives the same bits with every tile, however the operands are stored', async () => {
    const [m, n, k] = [70, 133, 530];
    const [a, b] = [upload(single(m * k, 1)), upload(single(k * n, 2))];
    for (const transposeB of [false, true]) {
      const results: Float32Array[] = [];
      for (const variant of [...kernels.TILE_VARIANTS, ...(device.subgroups ? kernels.SUBGROUP_VARIANTS : [])]) {
        const c = buffers.create(m * n, 'a test');
        const product = { m, n, k, a, b, c, transposeA: transposeB, transposeB };
        dispatcher.submit([...matmulDispatches(product, { ...usual, matmul: variant }, new Pace())]);
        results.push(await read(c));
      }
      for (const result of results.slice(1)) expect(result).toEqual(results[0]);
    }
  });

  // Workgroups of fewer invocations than a subgroup leave lanes inactive; of more, they end with a part of one.
  it.each([
    [1, 16],
    [2, 8],
    [3, 4],
    [5, 16],
    [12, 8],
    [64, 16],
  ])('matmulSubgroup in workgroups of %i, tiles of %i rows', async (lanes, height) => {
    if (!device.subgroups) return;
    const matmulSubgroup = kernels.matmulSubgroupOf(lanes, height);
    await dispatcher.pipelines.prepare(matmulSubgroup);
    const random = seeded(lanes + height);
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        // Depths that are no multiple of what lanes share, down to one.
        for (const k of [1, 1 + random.below(40)]) {
          const [m, n] = [1 + random.below(40), 1 + random.below(9 * lanes)];
          const [a, b, c] = [single(m * k, lanes), single(k * n, k), single(m * n, n)];
          const result = upload(c);
          const uniforms = {
            m,
            n,
            aRow: transposeA ? 1 : k,
            aDepth: transposeA ? m : 1,
            bDepth: transposeB ? 1 : n,
            bColumn: transposeB ? k : 1,
            cRow: n,
            cColumn: 1,
            firstRow: 0,
            firstColumn: 0,
            rows: m,
            columns: n,
            firstDepth: 0,
            lastDepth: k,
            alpha: -0.5,
            beta: 1.5,
          };
          dispatcher.submit([dispatch(matmulSubgroup, uniforms, [upload(a), upload(b), result], 0)]);
          const expected = matmul(a, b, m, n, k, { transposeA, transposeB, alpha: -0.5, beta: 1.5, c });
          expectClose(await read(result), expected, dotTolerance(k));
        }
      }
    }
  });

  it.each([...kernels.VECTOR_VARIANTS, ...kernels.SUBGROUP_VARIANTS])(
    'products %s of few rows or columns, however stored, at any scale',
    async (variant) => {
      if (kernels.usesSubgroups(variant) && !device.subgroups) return;
      const vector = kernels.usesSubgroups(variant) ? usual.vector : variant;
      const random = seeded(20);
      for (let round = 0; round < 24; round++) {
        const [few, many] = [1 + random.below(8), 1 + random.below(150)];
        const [m, n] = round % 2 ? [few, many] : [many, few];
        // Beyond one run of sums, where there is one slice.
        const k = 1 + random.below(round < 4 ? 4500 : 90);
        const [transposeA, transposeB] = [random.below(2) > 0, random.below(2) > 0];
        const [a, b, c] = [single(m * k, round), single(k * n, round + 50), single(m * n, round + 100)];
        const [alpha, beta] = [random.normal(), random.below(2) * random.normal()];
        const result = upload(c);
        const product = { m, n, k, a: upload(a), b: upload(b), c: result, transposeA, transposeB, alpha, beta };
        dispatcher.submit([
          ...matmulDispatches(product, { ...usual, few: variant, vector }, round % 3 ? new Pace() : slow()),
        ]);
        const expected = matmul(a, b, m, n, k, { transposeA, transposeB, alpha, beta, c });
        expectClose(await read(result), expected, dotTolerance(k) * (1 + Math.abs(alpha)));
      }
    },
  );

  it.each([
    [33, 1],
    [300, 1],
    [300, 3],
  ])('gram of rows of length %i in %i splits', async (columns, splits) => {
    const blocks = 4;
    const rows = single(blocks * 16 * columns, 4);
    const partial = buffers.create(2 * splits * 1024, 'a test');
    const columnsPerSplit = Math.ceil(columns / splits);
    const uniforms = { columns, blocks, round: 1, firstPair: 0, pairs: 2, splits, columnsPerSplit };
    dispatcher.submit([dispatch(kernels.gramKernel, uniforms, [upload(rows), partial], 0)]);
    const found = await read(partial);
    const summed = Float64Array.from({ length: 2048 }, (_, at) => {
      const [pair, entry] = [Math.floor(at / 1024), at % 1024];
      let sum = 0;
      for (let split = 0; split < splits; split++) sum += found[(pair * splits + split) * 1024 + entry];
      return sum;
    });
    // The diagonal sums squares to about `columns`, each of its partial sums rounded to 6e−8 of that.
    expectClose(summed, gram(rows, columns, blocks, 1), 4e-7 * columns);
  });

  it('diagonalize finds the same rotation, and leaves orthogonal rows alone', async () => {
    // Rows of well separated lengths, so that the rotation is unique; the second pair is orthogonal and sorted.
    const x = single(32 * 64, 5).map((value, at) => value * 0.85 ** Math.floor(at / 64));
    const first = matmul(x, x, 32, 32, 64, { transposeB: true });
    const second = identity(32, 32).map((value, at) => value * (40 - at / 33));
    const partial = upload([...first, ...second]);
    const rotations = buffers.create(2048, 'a test');
    const changed = buffers.create(2, 'a test');
    const largest = buffers.create(1, 'a test');
    const options = { sweeps: 8, tolerance: 1e-6, noise: 1e-12 };
    const uniforms = { ...options, firstPair: 0, pairs: 2, splits: 1 };
    dispatcher.submit([dispatch(kernels.diagonalizeKernel, uniforms, [partial, rotations, changed, largest], 0)]);
    const q = await read(rotations);
    const twin = diagonalize(first, options);
    // The angles come from float32 sums, rounded to 6e−8 of the largest; divided by the smallest gap that is 1e−4.
    expectClose(q.subarray(0, 1024), twin.rotation, 1e-3);
    // After the Newton–Schulz step only the rounding of the entries is left.
    for (const own of [q.subarray(0, 1024), q.subarray(1024)]) {
      expectClose(matmul(own, own, 32, 32, 32, { transposeB: true }), identity(32, 32), 5e-7);
    }
    const diagonal = matmul(matmul(q, first, 32, 32, 32), q, 32, 32, 32, { transposeB: true });
    const scale = Math.max(...diagonal);
    for (let i = 0; i < 32; i++) {
      for (let j = 0; j < i; j++) expect(Math.abs(diagonal[i * 32 + j])).toBeLessThan(1e-6 * scale);
      if (i) expect(diagonal[i * 33]).toBeLessThanOrEqual(diagonal[(i - 1) * 33] * (1 + 1e-5));
    }
    expect([...new Uint32Array(await buffers.read(changed))]).toEqual([1, 0]);
    expectClose(await read(largest), [twin.largestCosine], 1e-6);
  });

  it('apply rotates changed pairs in place and skips the others', async () => {
    const [columns, blocks, round] = [70, 4, 2];
    const rows = single(blocks * 16 * columns, 6);
    const rotations = single(2048, 7);
    const changed = [0, 1];
    const buffer = upload(rows);
    const uniforms = { columns, blocks, round, firstPair: 0, pairs: 2 };
    const flags = buffers.upload(Uint32Array.from(changed), 'a test');
    dispatcher.submit([dispatch(kernels.applyKernel, uniforms, [upload(rotations), flags, buffer], 0)]);
    const expected = Float64Array.from(rows);
    apply(expected, columns, blocks, round, rotations, changed);
    expectClose(await read(buffer), expected, dotTolerance(32));
  });

  it('norms, gather and identity', async () => {
    const [rows, columns] = [5, 200];
    const matrix = single(rows * columns, 8);
    const order = [3, 0, 3];
    const [lengths, sorted, unit] = [5, 600, 35].map((length) => buffers.create(length, 'a test'));
    dispatcher.submit([
      dispatch(kernels.normsKernel, { rows, columns }, [upload(matrix), lengths], 0),
      dispatch(
        kernels.gatherKernel,
        { rows: 3, columns },
        [upload(matrix), buffers.upload(Uint32Array.from(order), 'a test'), sorted],
        0,
      ),
      dispatch(kernels.identityKernel, { columns: 5 }, [unit], 0),
    ]);
    expectClose(await read(lengths), norms(matrix, rows, columns), 1e-4);
    expectClose(await read(sorted), gather(matrix, columns, order), 0);
    expectClose(await read(unit), identity(7, 5), 0);
  });
});

describe('a shader that does not compile', () => {
  it('is told with line, message and source', async () => {
    const broken = kernel({
      name: 'broken',
      source: '@compute @workgroup_size(1)\nfn main() {\n  let x = nowhere;\n}\n',
      uniforms: {},
      bindings: {},
      overrides: {},
      grid: () => [1, 1],
    });
    await expect(dispatcher.pipelines.prepare(broken)).rejects.toThrow(/broken:3:11: .*nowhere[\s\S]*let x = nowhere/);
  });
});
