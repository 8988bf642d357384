/**
 * Something the user can mend. The message is one clear sentence that names the thing and says what to do;
 * page and command line show it as it is, without a stack.
 */
export class UserError extends Error {
  override name = 'UserError';
}

/** True for the error that an aborted `AbortSignal` throws. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
