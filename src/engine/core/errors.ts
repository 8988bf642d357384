/**
 * An error that the user can correct. The message is one clear sentence that names the thing and says what to do. Page
 * and command line show it as it is, without a stack trace.
 */
export class UserError extends Error {
  override name = 'UserError';
}

/** The name of a `GpuError`. A worker's messages carry only the name of an error, not its class. */
export const GPU_ERROR = 'GpuError';

/**
 * The GPU failed during the work: the device was lost (the driver was reset, or the laptop was closed), or its memory
 * ran out. The work itself is correct: `withRecovery` repeats it on a newly opened backend.
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

/** The name of a `BrokenRuntimeError`. A worker's messages carry only the name of an error, not its class. */
export const BROKEN_RUNTIME = 'BrokenRuntimeError';

/** The runtime ran out of memory, or stopped. In a page it cannot be used again until its worker is replaced. */
export class BrokenRuntimeError extends UserError {
  override name = BROKEN_RUNTIME;
}

/** The name of an `OpenElsewhereError`. */
export const OPEN_ELSEWHERE = 'OpenElsewhereError';

/** Another tab has the project open. */
export class OpenElsewhereError extends UserError {
  override name = OPEN_ELSEWHERE;
}

/** Whether this is the error that an aborted `AbortSignal` throws. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
