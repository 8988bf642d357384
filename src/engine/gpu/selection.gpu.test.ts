import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bitsOfFloat, DIGITS, PASSES } from '../backend/selection';
import { seeded } from '../core/random';
import * as reference from '../reference/selection';
import { listOf, selectionSuite } from '../reference/selection.suite';
import { createGpuBackend, type GpuBackend } from './backend';
import { Buffers } from './buffers';
import { type Device, openDevice } from './device';
import { type Dispatch, Dispatcher, dispatch } from './dispatcher';
import * as kernels from './selectionKernels';
import { testGpu } from './testing';

describe('selection on the GPU', () => {
  let backend: GpuBackend;
  beforeAll(async () => {
    backend = (await createGpuBackend(await testGpu()))!;
  });
  afterAll(() => backend?.dispose());
  afterEach(({ task }) => {
    if (task.result?.state !== 'fail') expect(backend.counts).toMatchObject({ buffers: 0, bytes: 0 });
  });
  selectionSuite(() => backend.selection);
});

describe('selection in pieces that the adapter can bind', () => {
  it('gives what it gives in one', async () => {
    const random = seeded(9);
    const [rows, columns] = [150, 40];
    const values = Float32Array.from({ length: rows * columns }, () => random.below(20) - 10);
    const [whole, small] = [
      (await createGpuBackend(await testGpu()))!,
      // Room for 2560 values, the histogram among them: lists in 3 pieces, rows by 64.
      (await createGpuBackend(await testGpu(), { panelBytes: 4 * 2560 }))!,
    ];
    const [one, pieces] = [whole.selection, small.selection];
    const found = await one.largestThreshold([listOf(values)], 1000);
    expect(await pieces.largestThreshold([listOf(values)], 1000)).toEqual(found);
    expect(found.ties).toBeLessThan(found.equal);
    expect(await pieces.thresholdMask(values, found)).toEqual(await one.thresholdMask(values, found));
    expect(await pieces.rowMask(values, rows, columns, 7)).toEqual(await one.rowMask(values, rows, columns, 7));
    expect(await pieces.groupMask(values, rows, columns, 2, 4)).toEqual(
      await one.groupMask(values, rows, columns, 2, 4),
    );
    expect(small.counts).toMatchObject({ buffers: 0, peakBytes: expect.any(Number) });
    expect(small.counts.peakBytes).toBeLessThan(whole.counts.peakBytes);
    whole.dispose();
    small.dispose();
  });
});

describe('kernels of selection against their twins', () => {
  let device: Device;
  let buffers: Buffers;
  let dispatcher: Dispatcher;
  beforeAll(async () => {
    device = (await openDevice(await testGpu()))!;
    buffers = new Buffers(device);
    dispatcher = new Dispatcher(device);
    await dispatcher.pipelines.prepare(...kernels.SELECTION_KERNELS);
  });
  afterAll(() => device?.destroy());

  const random = seeded(11);
  const [rows, columns] = [7, 300];
  const values = Float32Array.from({ length: rows * columns }, () => random.below(9) - 4 || random.normal());
  const run = async (length: number, make: (input: GPUBuffer, output: GPUBuffer) => Dispatch) => {
    const [input, output] = [buffers.upload(values, 'a test'), buffers.create(length, 'a test')];
    dispatcher.submit([make(input, output)]);
    const found = new Uint32Array(await buffers.read(output));
    buffers.free(input, output);
    return found;
  };

  it('digits, from one workgroup and from several', async () => {
    const prefix = bitsOfFloat(3) & PASSES[0].mask;
    for (const digit of [
      { prefix: 0, prefixMask: 0, shift: 20 },
      { prefix, prefixMask: PASSES[0].mask, shift: 9 },
      { prefix, prefixMask: PASSES[0].mask | PASSES[1].mask, shift: 0 },
    ]) {
      for (const workgroups of [1, 5]) {
        const [first, last] = [13, 1999];
        const found = await run(DIGITS, (input, output) =>
          dispatch(kernels.digitsKernel, { first, last, ...digit, workgroups }, [input, output], 1),
        );
        expect(found).toEqual(reference.digits(values, first, last, digit));
      }
    }
  });

  it('ties, the last row cut short', async () => {
    const [length, threshold] = [2000, bitsOfFloat(2)];
    const found = await run(rows, (input, output) =>
      dispatch(kernels.tiesKernel, { length, columns, threshold, firstRow: 0, rows }, [input, output], 1),
    );
    expect(found).toEqual(reference.ties(values.subarray(0, length), columns, threshold));
  });

  it('rowThresholds', async () => {
    for (const keep of [0, 1, 77, columns, columns + 1]) {
      const found = await run(2 * rows, (input, output) =>
        dispatch(kernels.rowThresholdsKernel, { columns, keep, firstRow: 0, rows }, [input, output], 1),
      );
      expect(found).toEqual(reference.rowThresholds(values, rows, columns, keep));
    }
  });

  it('mask, the last row cut short', async () => {
    const length = 2000;
    const thresholds = reference.rowThresholds(values, rows, columns, 100);
    const known = buffers.upload(thresholds, 'a test');
    const found = await run(rows * Math.ceil(columns / 32), (input, output) =>
      dispatch(kernels.maskKernel, { length, columns, firstRow: 0, rows }, [input, known, output], 1),
    );
    expect(found).toEqual(reference.mask(values.subarray(0, length), columns, thresholds));
    buffers.free(known);
  });
});
