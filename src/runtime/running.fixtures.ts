import { expect } from 'vitest';
import { DataType, modelBytes, node, tensor, value } from '../engine/model/onnx/build';
import type { HostTensor, Provider, Runtime, SessionModel } from '../engine/runtime';
import type { KeptTensor } from './tensors';

/** next = x / 2 + 1 and largest = max |next|: a step that is repeated on its own output. */
const step: SessionModel = {
  bytes: modelBytes({
    nodes: [
      node('Mul', ['x', 'half'], ['halved']),
      node('Add', ['halved', 'one'], ['next']),
      node('Abs', ['next'], ['absolute']),
      node('ReduceMax', ['absolute'], ['largest'], { keepdims: 0 }),
    ],
    inputs: [value('x', DataType.FLOAT, ['n', 3])],
    outputs: [value('next', DataType.FLOAT, ['n', 3]), value('largest', DataType.FLOAT, [])],
    initializers: [tensor('half', [1], Float32Array.of(0.5)), tensor('one', [1], Float32Array.of(1))],
  }),
  externalData: [],
};

const start: HostTensor = { type: 'float32', dims: [2, 3], data: Float32Array.of(0, 2, 4, 6, -8, 10) };
const stepped = (values: ArrayLike<number>) => Float32Array.from(values, (x) => x / 2 + 1);

/** All outputs, or those that are asked for. */
export async function expectFetches(runtime: Runtime, provider: Provider): Promise<void> {
  const session = await runtime.open(step, provider);
  const [next, largest] = [stepped(start.data as Float32Array), Float32Array.of(6)];
  expect(await session.run({ x: start })).toMatchObject({ next: { data: next }, largest: { data: largest } });
  const only = await session.run({ x: start }, { fetches: ['largest'] });
  expect(Object.keys(only)).toEqual(['largest']);
  expect(only.largest).toEqual({ type: 'float32', dims: [], data: largest });
  await expect(session.run({ x: start }, { fetches: ['none'] })).rejects.toThrow('onnxruntime cannot run this model');
  await session.release();
}

/** Outputs that stay on the device, are fed again, and end. */
export async function expectKept(runtime: Runtime, provider: Provider): Promise<void> {
  const session = await runtime.open(step, provider, { deviceOutputs: ['next'] });
  const keepOnDevice = ['next'] as const;
  let { next } = await session.run({ x: start }, { keepOnDevice });
  expect(next).toMatchObject({ type: 'float32', dims: [2, 3] });
  expect((next as KeptTensor).tensor.location).toBe(provider === 'webgpu' ? 'gpu-buffer' : 'cpu');
  let expected = stepped(start.data as Float32Array);
  for (let round = 0; round < 5; round++) {
    const before = next;
    const outputs = await session.run({ x: before }, { keepOnDevice });
    await before.dispose();
    next = outputs.next;
    expected = stepped(expected);
    // Halves and sums of these numbers are exact.
    expect(outputs.largest).toMatchObject({ data: Float32Array.of(Math.max(...expected.map(Math.abs))) });
  }
  // Both at once: the copy waits until no session runs.
  const [host, other] = await Promise.all([next.toHost(), session.run({ x: start })]);
  expect(host).toEqual({ type: 'float32', dims: [2, 3], data: expected });
  // Nothing is kept unless it is asked for.
  expect(other.next).toMatchObject({ data: stepped(start.data as Float32Array) });
  await expect(session.run({ x: next })).rejects.toThrow('The tensor "next" was disposed.');
  await next.dispose();
  await expect(session.run({ x: start }, { keepOnDevice: ['largest'] })).rejects.toThrow('"largest"');
  const apart = { fetches: ['largest'], keepOnDevice };
  await expect(session.run({ x: start }, apart)).rejects.toThrow('"next"');
  await session.release();
}
