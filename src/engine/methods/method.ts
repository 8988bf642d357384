import type { z } from 'zod';
import type { Dense, Operator } from '../operators/operator';
import type { LongCall } from '../progress';
import type { Factorisations } from './factorisations';

/** A way to make a weight smaller: rewrites the dense leaves of an operator tree. */
export interface Method<Options = unknown> {
  /** As recipes call it. */
  readonly name: string;
  readonly title: string;
  /** What it does, in a sentence. */
  readonly summary: string;
  /** Where it was described. */
  readonly paper: string;
  /** Strict: unknown keys and impossible values are refused. */
  readonly options: z.ZodType<Options>;
  apply(leaf: Dense, options: Options, context: MethodContext): Promise<Outcome>;
}

export interface MethodContext extends LongCall {
  readonly factorisations: Factorisations;
}

export type Outcome =
  | {
      readonly operator: Operator;
      /** ‖W−Ŵ‖/‖W‖ that the method expects of its own rewriting. */
      readonly predicted: number;
    }
  | { readonly skipped: string };
