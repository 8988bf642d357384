import * as jax from '@jax-js/jax';
import * as tf from '@tensorflow/tfjs-core';
import { createGpuBackend } from '../../src/engine/gpu/backend';
import { DataType, modelBytes, node, value } from '../../src/engine/model/onnx/build';

/** A product c [m, n] = a [m, k]·b [k, n] whose operands are on the GPU. */
export interface Multiplier {
  /** `count` products, one after the other; resolves when the last is done. */
  run(count: number): Promise<void>;
  read(): Promise<Float32Array>;
  free(): void;
}

export interface Peer {
  readonly name: string;
  open(m: number, k: number, n: number, a: Float32Array, b: Float32Array): Promise<Multiplier>;
}

/** This engine first. A peer that can't be had is told by its `open`. */
export async function peers(): Promise<Peer[]> {
  return [await own(), onnxruntime(), tensorflow(), jaxJs()];
}

async function own(): Promise<Peer> {
  const backend = (await createGpuBackend(navigator.gpu, { tuning: memoryStore() }))!;
  return {
    name: 'carrara',
    async open(m, k, n, a, b) {
      const [left, right] = [backend.upload(a, m, k), backend.upload(b, k, n)];
      const one = backend.upload(new Float32Array(1), 1, 1);
      return {
        async run(count) {
          for (let i = 0; i < count; i++) backend.free(await backend.multiply(left, right));
          // Read back: the queue runs in order, so that all products are done by then.
          await backend.download(one);
        },
        async read() {
          const product = await backend.multiply(left, right);
          const values = await backend.download(product);
          backend.free(product);
          return values;
        },
        free: () => backend.free(left, right, one),
      };
    },
  };
}

function memoryStore() {
  const kept = new Map<string, string>();
  return {
    read: async (key: string) => kept.get(key),
    write: async (key: string, to: string) => void kept.set(key, to),
  };
}

const STORAGE = 0x80 | 0x08 | 0x04;

interface OrtInput {
  readonly name: string;
  readonly values: Float32Array;
  readonly dims: number[];
}

/** A model of one node, its inputs on the GPU, its output c. */
export async function ortMultiplier(model: Uint8Array, inputs: readonly OrtInput[]): Promise<Multiplier> {
  const ort = await import('onnxruntime-web/webgpu');
  ort.env.wasm.numThreads = 1;
  const adapter = (await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' }))!;
  const { maxBufferSize, maxStorageBufferBindingSize, maxComputeInvocationsPerWorkgroup } = adapter.limits;
  const device = await adapter.requestDevice({
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize, maxComputeInvocationsPerWorkgroup },
    // Some of its kernels are written for subgroups and halves.
    requiredFeatures: (['shader-f16', 'subgroups'] as GPUFeatureName[]).filter((name) => adapter.features.has(name)),
  });
  const session = await ort.InferenceSession.create(model, {
    executionProviders: [{ name: 'webgpu', device } as never],
    preferredOutputLocation: 'gpu-buffer',
    logSeverityLevel: 3,
  });
  const feeds = Object.fromEntries(
    inputs.map(({ name, values, dims }) => {
      const buffer = device.createBuffer({ size: values.byteLength, usage: STORAGE });
      device.queue.writeBuffer(buffer, 0, values as Float32Array<ArrayBuffer>);
      return [name, ort.Tensor.fromGpuBuffer(buffer as never, { dataType: 'float32', dims })];
    }),
  );
  return {
    async run(count) {
      for (let i = 0; i < count; i++) (await session.run(feeds)).c!.dispose();
      await device.queue.onSubmittedWorkDone();
    },
    async read() {
      const { c } = await session.run(feeds);
      const values = (await c!.getData()) as Float32Array;
      c!.dispose();
      return values.slice();
    },
    free: () => void session.release(),
  };
}

function onnxruntime(): Peer {
  return {
    name: 'onnxruntime-web',
    async open(m, k, n, a, b) {
      const model = modelBytes({
        nodes: [node('MatMul', ['a', 'b'], ['c'])],
        inputs: [value('a', DataType.FLOAT, [m, k]), value('b', DataType.FLOAT, [k, n])],
        outputs: [value('c', DataType.FLOAT, [m, n])],
      });
      return ortMultiplier(model, [
        { name: 'a', values: a, dims: [m, k] },
        { name: 'b', values: b, dims: [k, n] },
      ]);
    },
  };
}

function tensorflow(): Peer {
  let opening: Promise<void> | undefined;
  async function start(): Promise<void> {
    await import('@tensorflow/tfjs-backend-webgpu');
    await tf.setBackend('webgpu');
    await tf.ready();
  }
  return {
    name: 'tfjs-webgpu',
    async open(m, k, n, a, b) {
      opening ??= start();
      await opening;
      const [left, right] = [tf.tensor2d(a, [m, k]), tf.tensor2d(b, [k, n])];
      return {
        async run(count) {
          for (let i = 1; i < count; i++) tf.matMul(left, right).dispose();
          // One value read back: the queue runs in order, so that all products are done by then.
          const one = tf.tidy(() => tf.slice(tf.matMul(left, right), [0, 0], [1, 1]));
          await one.data();
          one.dispose();
        },
        async read() {
          const product = tf.matMul(left, right);
          const values = (await product.data()) as Float32Array;
          product.dispose();
          return values;
        },
        free: () => tf.dispose([left, right]),
      };
    },
  };
}

function jaxJs(): Peer {
  return {
    name: 'jax-js',
    async open(m, k, n, a, b) {
      const devices = await jax.init('webgpu');
      if (!devices.includes('webgpu')) throw new Error('jax-js found no WebGPU.');
      jax.defaultDevice('webgpu');
      const { numpy: np } = jax;
      const [left, right] = [np.array(a).reshape([m, k]), np.array(b).reshape([k, n])];
      // An argument is used up unless `.ref` keeps it.
      const multiply = jax.jit((x: jax.Array, y: jax.Array) => np.matmul(x, y));
      return {
        async run(count) {
          // Lazy: what nobody waits for is never computed.
          const products = Array.from({ length: count }, () => multiply(left.ref, right.ref) as jax.Array);
          await jax.blockUntilReady(products);
          for (const product of products) product.dispose();
        },
        async read() {
          return (await (multiply(left.ref, right.ref) as jax.Array).data()) as Float32Array;
        },
        free: () => {
          left.dispose();
          right.dispose();
        },
      };
    },
  };
}
