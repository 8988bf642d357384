import { env } from 'onnxruntime-common';
import type { Provider, Runtime } from '../engine/runtime';
import { createRuntime } from './createRuntime';

/**
 * onnxruntime-web in the page or in a module worker: 'wasm' always, 'webgpu' where the browser has an adapter.
 * The package (27 MB of WebAssembly) is fetched with the first session. `threads` are those of 'wasm'.
 */
export async function webRuntime(threads = threadCount()): Promise<Runtime> {
  const providers: Provider[] = (await hasAdapter()) ? ['wasm', 'webgpu'] : ['wasm'];
  return createRuntime({
    name: `onnxruntime-web ${env.versions.common}, ${threads === 1 ? '1 thread' : `${threads} threads`}`,
    providers,
    externalData: true,
    async load() {
      // The default bundle's WebGPU provider is deprecated and computes some graphs wrongly. The import stays dynamic:
      // its threads start from the chunk that holds it, and in an entry chunk they would run the whole app again.
      const ort = await import('onnxruntime-web/webgpu');
      ort.env.logLevel = 'fatal';
      ort.env.wasm.numThreads = threads;
      return ort;
    },
  });
}

/**
 * Threads of 'wasm' on a machine with so many cores. They need SharedArrayBuffer, which only a cross-origin isolated page
 * has. Half of the cores, as onnxruntime itself would: the other half is often the second hyper-thread of the same core.
 * But two where there are two: a run takes 0.7 to 0.8 of the time, and the page draws as soon (`bench/threads.mjs`).
 */
export function threadCount(
  cores = globalThis.navigator?.hardwareConcurrency ?? 1,
  isolated = globalThis.crossOriginIsolated,
): number {
  return isolated ? Math.min(4, cores, Math.max(2, Math.ceil(cores / 2))) : 1;
}

async function hasAdapter(): Promise<boolean> {
  try {
    return Boolean(await globalThis.navigator?.gpu?.requestAdapter());
  } catch {
    return false;
  }
}
