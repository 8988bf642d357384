/**
 * Something the user can mend. The message is one clear sentence that names the thing and says what to do;
 * page and command line show it as it is, without a stack.
 */
export class UserError extends Error {
  override name = 'UserError';
}

/** The name of a `GpuError`: all that is left of its class behind a worker's messages. */
export const GPU_ERROR = 'GpuError';

/**
 * The GPU gave up in the middle of work: its device was lost (a driver's reset, a closed laptop), or its memory ran out.
 * The work itself is sound: `withRecovery` repeats it on a backend that was opened anew.
 */
export class GpuError extends UserError {
  override name = GPU_ERROR;
  constructor(
    message: string,
    readonly reason: 'lost' | 'memory',
  ) {
    super(message);
  }
}

/** The name of a `BrokenRuntimeError`: all that is left of its class behind a worker's messages. */
export const BROKEN_RUNTIME = 'BrokenRuntimeError';

/** The runtime ran out of memory, or gave up: in a page it is of no more use until its worker is replaced. */
export class BrokenRuntimeError extends UserError {
  override name = BROKEN_RUNTIME;
}

/** True for the error that an aborted `AbortSignal` throws. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
