import type { GpuError } from '../core/errors';
import type { Selection } from './selection';
import type { PreparedWeight, Weight } from './weights';

/**
 * The matrix operations that both the GPU and the CPU offer. Linear algebra (`linalg/`) is written once on top of them;
 * `gpu/` and `cpu/` implement them. All matrices are dense, row-major float32.
 */
export interface Backend {
  readonly kind: 'gpu' | 'cpu';
  /** For people: the adapter's name, or the runtime and its threads. */
  readonly description: string;
  /** True for a software adapter (`isFallbackAdapter`), where the CPU backend is faster. */
  readonly software: boolean;

  /** Thresholds and masks, on values in host memory. */
  readonly selection: Selection;

  /** Copies `values` (length rows·columns) to the backend. */
  upload(values: Float32Array, rows: number, columns: number): Matrix;
  download(matrix: Matrix): Promise<Float32Array<ArrayBuffer>>;

  /** op(a)·op(b), where op transposes on demand. Throws a RangeError where the inner dimensions differ. */
  multiply(a: Matrix, b: Matrix, transpose?: { a?: boolean; b?: boolean }): Promise<Matrix>;

  /**
   * Prepares a weight to multiply in its own form. Throws a RangeError where its arrays contradict each other, and a
   * UserError where it is larger than the backend can hold.
   */
  prepare(weight: Weight): Promise<BackendWeight>;

  /**
   * Left singular vectors of `a`. Its entries must be finite, with a largest magnitude of about 1. Vectors beyond the
   * rank complete an orthonormal basis.
   */
  leftSingularVectors(a: Matrix, call?: SingularCall): Promise<SingularVectors>;

  /**
   * Makes the backend usable again after `error`, where possible. It opens a new device after a lost one, or one that
   * holds large matrices in smaller panels after memory ran out. Earlier matrices are gone: using one throws, and
   * freeing one does nothing. Returns false where the error must stand. `withRecovery` calls it.
   */
  recover?(error: GpuError): Promise<boolean>;

  /** Frees the matrices. Using one afterwards is an error. */
  free(...matrices: Matrix[]): void;
  /** Frees everything, the device included. */
  dispose(): void;
}

/** A weight W [rows, columns] on a backend. */
export interface BackendWeight extends PreparedWeight {
  /** x·Wᵀ, x [tokens, columns]; throws the signal's reason once it is aborted. */
  multiply(x: Matrix, call?: { readonly signal?: AbortSignal | undefined }): Promise<Matrix>;
  /**
   * The mean time of such a product in milliseconds, over `times` products in a row. It returns no results: this is for
   * measuring.
   */
  time(x: Matrix, times: number, call?: { readonly signal?: AbortSignal | undefined }): Promise<number>;
}

/** How many of the leading vectors are wanted: a number, or a function of the falling singular values. */
export type Count = number | ((values: Float64Array) => number);

export interface SingularCall {
  /** How many of the leading vectors are wanted; usually all. A backend that saves nothing returns more. */
  readonly count?: Count | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((share: number) => void) | undefined;
}

export interface SingularVectors {
  /** `[count or more, rows of a]`; row i is the i-th left singular vector, by falling singular value. */
  readonly vectors: Matrix;
  /**
   * All singular values of `a`, falling, within some 1e−7 of the largest. The vectors are then orthonormal to float32
   * roundoff. Without the values they are orthonormal to about 1e−5 only: `linalg/principalAxes` polishes them, and
   * computes the values from their product with `a`.
   */
  readonly values?: Float64Array;
}

/** A matrix on a backend. Only the backend that made it can read it. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
}
