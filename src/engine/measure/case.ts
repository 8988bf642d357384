import type { Dispatch } from '../gpu/dispatcher';

/** A piece of work to be timed. */
export interface Case {
  readonly name: string;
  readonly shape: string;
  /** Floating-point operations, and bytes that must be read or written at least. */
  readonly flops: number;
  readonly bytes: number;
  dispatches(): Dispatch[];
  free(): void;
}
