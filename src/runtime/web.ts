import { env } from 'onnxruntime-common';
import type { Provider, Runtime } from '../engine/runtime';
import { createRuntime } from './createRuntime';

/**
 * onnxruntime-web in the page or in a module worker: 'wasm' always, 'webgpu' where the browser has an adapter.
 * The package (27 MB of WebAssembly) is fetched with the first session.
 */
export async function webRuntime(): Promise<Runtime> {
  const providers: Provider[] = (await hasAdapter()) ? ['wasm', 'webgpu'] : ['wasm'];
  const threads = threadCount();
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

// Threads need SharedArrayBuffer, which only a cross-origin isolated page has. Half the cores, as onnxruntime itself
// would: the other half is often the second hyper-thread of the same core, and the page needs one to draw.
function threadCount(): number {
  if (!globalThis.crossOriginIsolated) return 1;
  return Math.min(4, Math.ceil((globalThis.navigator?.hardwareConcurrency ?? 1) / 2));
}

async function hasAdapter(): Promise<boolean> {
  try {
    return Boolean(await globalThis.navigator?.gpu?.requestAdapter());
  } catch {
    return false;
  }
}
