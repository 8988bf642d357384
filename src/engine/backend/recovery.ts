import { GpuError } from '../core/errors';
import type { Backend } from './backend';

// A driver that keeps resetting is of no use. Memory is tried down to an eighth of the usual panel size.
const MOST_RECOVERIES = 3;

/**
 * Runs `work`. When the GPU fails and the backend can be recovered, runs it again from the beginning: a lost device is
 * replaced, and after memory ran out large matrices are held in smaller panels. `work` is the work on one layer, so a
 * job continues from the last finished layer. It must not use earlier matrices, and must free its own when it throws.
 *
 * `onRecovered` gets the reason, a sentence for the user. Throws what `work` throws: a GpuError after three recoveries,
 * any other error at once.
 */
export async function withRecovery<T>(
  backend: Backend,
  work: () => Promise<T>,
  onRecovered?: (sentence: string) => void,
): Promise<T> {
  for (let recoveries = 0; ; recoveries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof GpuError) || recoveries === MOST_RECOVERIES) throw error;
      if (!(await backend.recover?.(error))) throw error;
      onRecovered?.(error.message);
    }
  }
}
