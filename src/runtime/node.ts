import { env } from 'onnxruntime-common';
import type { Runtime } from '../engine/runtime';
import { type AroundCreate, createRuntime } from './createRuntime';

/**
 * onnxruntime-node: native, on the CPU. The addon is loaded with the first session. Making a session blocks the event
 * loop, sometimes for long: `around` is called with each of these calls.
 */
export function nodeRuntime(around?: AroundCreate): Runtime {
  return createRuntime({
    name: `onnxruntime-node ${env.versions.common}`,
    providers: ['cpu'],
    externalData: true,
    ...(around && { around }),
    async load() {
      const ort = await import('onnxruntime-node');
      ort.env.logLevel = 'fatal';
      return ort;
    },
  });
}
