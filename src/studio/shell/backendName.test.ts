import { expect, it } from 'vitest';
import { backendName } from './backendName';

it.each([
  ['CPU, onnxruntime-web 1.30.0, 2 threads', '2 threads'],
  ['CPU, onnxruntime-web 1.30.0, 1 thread', '1 thread'],
  ['CPU, onnxruntime-node 1.30.0', ''],
])('of the CPU tells its threads: %s', (description, detail) => {
  expect(backendName({ kind: 'cpu', description, software: false })).toEqual({ kind: 'CPU', detail });
});

it('of a GPU tells its name', () => {
  expect(backendName({ kind: 'gpu', description: 'GeForce RTX 4070', software: false })).toEqual({
    kind: 'WebGPU',
    detail: 'GeForce RTX 4070',
  });
});
