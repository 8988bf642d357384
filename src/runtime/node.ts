import { env } from 'onnxruntime-common';
import type { Runtime } from '../engine/runtime';
import { createRuntime } from './createRuntime';

/** onnxruntime-node: native, on the CPU. The addon is loaded with the first session. */
export function nodeRuntime(): Runtime {
  return createRuntime({
    name: `onnxruntime-node ${env.versions.common}`,
    providers: ['cpu'],
    externalData: true,
    async load() {
      const ort = await import('onnxruntime-node');
      ort.env.logLevel = 'fatal';
      return ort;
    },
  });
}
