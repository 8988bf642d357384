import type { BackendReport } from '../../engine/page/light';

/**
 * The name of a backend, short enough for a chip: the adapter's name, or the number of the CPU's threads. `description`
 * has the name of the runtime too, for places with more room.
 */
export function backendName({ kind, description }: BackendReport): { readonly kind: string; readonly detail: string } {
  if (kind === 'gpu') return { kind: 'WebGPU', detail: description };
  return { kind: 'CPU', detail: /\d+ threads?$/.exec(description)?.[0] ?? '' };
}
