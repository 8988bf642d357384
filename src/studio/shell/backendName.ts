import type { BackendReport } from '../../engine/page/light';

/**
 * A backend in as few words as fit into a chip: the adapter's name, or how many threads the CPU has. What the runtime
 * is called stands in `description`, for where there is room.
 */
export function backendName({ kind, description }: BackendReport): { readonly kind: string; readonly detail: string } {
  if (kind === 'gpu') return { kind: 'WebGPU', detail: description };
  return { kind: 'CPU', detail: /\d+ threads?$/.exec(description)?.[0] ?? '' };
}
