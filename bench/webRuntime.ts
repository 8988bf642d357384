import type { Runtime } from '../src/engine/runtime';
import { createRuntime, type OrtApi } from '../src/runtime/createRuntime';

/** The page's sessions: the same WebAssembly, in Node's V8, on one thread. */
export const webRuntime = (): Runtime =>
  createRuntime({
    name: 'onnxruntime-web (WASM, 1 thread)',
    providers: ['wasm'],
    externalData: true,
    async load() {
      const ort = await import('onnxruntime-web');
      ort.env.logLevel = 'fatal';
      ort.env.wasm.numThreads = 1;
      return ort as OrtApi;
    },
  });
