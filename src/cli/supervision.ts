/** What the working process tells the one that supervises it. */
export type Report =
  /** Starts what may block the event loop, so that only the supervisor can still hear Ctrl-C and watch the time. */
  | { readonly kind: 'begins'; readonly id: number; readonly what: string; readonly limitSeconds: number }
  | { readonly kind: 'ended'; readonly id: number }
  /** Files to be removed if the process dies before it has finished them. */
  | { readonly kind: 'staging'; readonly files: readonly string[] }
  /** The files are whole, and get their final names now. */
  | { readonly kind: 'finishing' };

/** Exit code of a run that was cancelled by Ctrl-C: 128 and the number of the signal, as shells count. */
export const CANCELLED = 130;
