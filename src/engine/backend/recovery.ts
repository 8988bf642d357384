import { GpuError } from '../core/errors';
import type { Backend } from './backend';

// A driver that resets again and again is no use to anybody; memory is tried at an eighth of the panels' usual size.
const MOST_RECOVERIES = 3;

/**
 * Runs `work`, and runs it again from its beginning when the GPU fails and the backend can be recovered: a lost device is
 * replaced, and where memory ran out large matrices are held in smaller panels. `work` is one layer's, so that a job goes
 * on from the last finished layer. It must hold no matrices from before, and free its own when it throws.
 *
 * `onRecovered` is told why, in a sentence for the user. Throws what `work` throws: every other error at once, and a
 * GpuError when three recoveries did not help.
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
