import type { Backend } from '../backend/backend';
import { UserError } from '../core/errors';
import { createCpuBackend } from '../cpu/backend';
import { createGpuBackend } from '../gpu/backend';
import type { TuningStore } from '../gpu/tuning';
import type { Runtime } from '../runtime';
import type { BackendReport } from './engine';

export interface ChosenBackend {
  readonly backend: Backend;
  readonly report: BackendReport;
}

/**
 * The GPU where there is a real one; the CPU where there is none or only a software adapter, which is 10 to 20 times
 * slower. `preferred` overrides the choice; throws a UserError where it is not available.
 */
export async function chooseBackend(
  runtime: Runtime,
  preferred: 'gpu' | 'cpu' | undefined,
  gpu: GPU | undefined,
  tuning?: TuningStore,
): Promise<ChosenBackend> {
  if (preferred === 'cpu') return chosen(createCpuBackend(runtime), 'Chosen by you.');
  const found = gpu ? await createGpuBackend(gpu, { tuning }) : null;
  if (preferred === 'gpu') {
    if (!found)
      throw new UserError('There is no WebGPU adapter here: choose the CPU, or a browser and a driver with WebGPU.');
    return chosen(found, found.software ? 'A software adapter: right, but slower than the CPU backend.' : undefined);
  }
  if (found && !found.software) return chosen(found);
  found?.dispose();
  return chosen(
    createCpuBackend(runtime),
    found
      ? 'The only WebGPU adapter is a software one, so the CPU does the work: it is faster.'
      : 'There is no WebGPU adapter, so the CPU does the work.',
  );
}

function chosen(backend: Backend, note?: string): ChosenBackend {
  const { kind, description, software } = backend;
  return { backend, report: { kind, description, software, ...(note !== undefined && { note }) } };
}
