import { afterAll, beforeAll, expect, it } from 'vitest';
import { seeded } from '../random';
import { expectClose } from '../reference/compare';
import { orthogonalize } from '../reference/orthogonalize';
import { normal } from '../reference/random';
import { Buffers } from './buffers';
import { type Device, openDevice } from './device';
import { Dispatcher, dispatch } from './dispatcher';
import { orthogonalizeEach, orthogonalizeKernel } from './orthogonalizeEach';
import { Pace } from './pace';
import { testGpu } from './testing';

let device: Device;
beforeAll(async () => {
  device = (await openDevice(await testGpu()))!;
  expect(device, 'a WebGPU adapter').not.toBeNull();
});
afterAll(() => device?.destroy());

// 130 rows make 65 pairs, one more than a workgroup has invocations.
it.each([
  [1, 4],
  [2, 2],
  [9, 20],
  [16, 16],
  [130, 140],
])('a sweep over [%i, %i] matrices does what its twin does, and leaves settled ones alone', async (rows, columns) => {
  const buffers = new Buffers(device);
  const dispatcher = new Dispatcher(device);
  await dispatcher.pipelines.prepare(orthogonalizeKernel);
  const size = rows * (columns + rows);
  const options = { tolerance: 1e-6, noise: 1e-30 };
  // Rows of well separated lengths: their angles are small, and so is what roundoff makes of them.
  const x = Float32Array.from(normal(3 * size, rows), (value, at) => value * 0.8 ** (at % rows));
  const [matrices, settled] = [buffers.upload(x, 'a test'), buffers.upload(Uint32Array.of(0, 0, 1), 'a test')];
  const uniforms = { rows, columns, firstMatrix: 1, count: 2, ...options };
  dispatcher.submit([dispatch(orthogonalizeKernel, uniforms, [matrices, settled], 0)]);
  const found = new Float32Array(await buffers.read(matrices));
  const twin = Float64Array.from(x);
  const rotated = orthogonalize(twin.subarray(size, 2 * size), rows, columns, options);
  // Each row takes part in `rows` rotations whose angles carry the roundoff of dot products of `columns` terms.
  expectClose(found, twin, 2e-7 * rows * Math.sqrt(columns) + 1e-6);
  expect([...new Uint32Array(await buffers.read(settled))]).toEqual([0, Number(!rotated), 1]);
  buffers.freeAll();
});

it('a batch takes few dispatches, and frees its buffers', async () => {
  const buffers = new Buffers(device);
  const dispatcher = new Dispatcher(device);
  const values = Float32Array.from(normal(48 * 12 * 16, 3));
  await orthogonalizeEach({ dispatcher, buffers, pace: new Pace() }, values, 48, 12, 16);
  // Three sweeps between looks, each over all 48 matrices at once, and at most four looks.
  expect(dispatcher.dispatches).toBeLessThanOrEqual(12);
  expect(buffers.count).toBe(0);
});

it('agrees with its twin on twenty shapes drawn at random', async () => {
  const buffers = new Buffers(device);
  const dispatcher = new Dispatcher(device);
  await dispatcher.pipelines.prepare(orthogonalizeKernel);
  const random = seeded(11);
  for (let draw = 0; draw < 20; draw++) {
    const [count, rows, columns] = [1 + random.below(4), 1 + random.below(40), 1 + random.below(60)];
    const size = rows * (columns + rows);
    const options = { tolerance: 10 ** -(3 + random.below(4)), noise: 1e-30 };
    const x = Float32Array.from({ length: count * size }, (_, at) => random.normal() * 0.8 ** (at % rows));
    const [matrices, settled] = [buffers.upload(x, 'a test'), buffers.create(count, 'a test')];
    const uniforms = { rows, columns, firstMatrix: 0, count, ...options };
    dispatcher.submit([dispatch(orthogonalizeKernel, uniforms, [matrices, settled], 0)]);
    const twin = Float64Array.from(x);
    for (let i = 0; i < count; i++) orthogonalize(twin.subarray(i * size, (i + 1) * size), rows, columns, options);
    // As above; and a cosine within roundoff of the tolerance may be rotated by one of them alone, by about that much.
    const tolerance = 2e-7 * rows * Math.sqrt(columns) + 1e-6 + 10 * options.tolerance;
    expectClose(new Float32Array(await buffers.read(matrices)), twin, tolerance, `[${count}, ${rows}, ${columns}]`);
  }
  buffers.freeAll();
});
