import type { GpuError } from '../core/errors';
import type { Selection } from './selection';
import type { PreparedWeight, Weight } from './weights';

/**
 * The few matrix operations that the GPU and the CPU both offer. Linear algebra (`linalg/`) is written once, against
 * these; `gpu/` and `cpu/` implement them. All matrices are dense, row-major float32.
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
   * Lays a weight out to multiply in its own form. Throws a RangeError where its arrays contradict each other, a UserError
   * where it is more than the backend can hold.
   */
  prepare(weight: Weight): Promise<BackendWeight>;

  /**
   * Left singular vectors of `a`, whose entries must be finite and scaled to a largest magnitude of about 1. Those beyond
   * the rank complete an orthonormal basis.
   */
  leftSingularVectors(a: Matrix, call?: SingularCall): Promise<SingularVectors>;

  /**
   * Makes the backend fit for use again after `error`, where it can: opens a new device in place of a lost one, or one
   * that holds large matrices in smaller panels where memory ran out. Matrices made before are gone: using one throws,
   * freeing one does nothing. False where the error must stand. `withRecovery` calls it.
   */
  recover?(error: GpuError): Promise<boolean>;

  /** Gives the matrix's memory back. Using it afterwards is an error. */
  free(...matrices: Matrix[]): void;
  /** Frees everything, the device included. */
  dispose(): void;
}

/** A weight W [rows, columns] on a backend. */
export interface BackendWeight extends PreparedWeight {
  /** x·Wᵀ, x [tokens, columns]; throws the signal's reason once it is aborted. */
  multiply(x: Matrix, call?: { readonly signal?: AbortSignal | undefined }): Promise<Matrix>;
  /**
   * Milliseconds of one such product, of `times` that follow one another. The results are dropped: this is for measuring.
   */
  time(x: Matrix, times: number, call?: { readonly signal?: AbortSignal | undefined }): Promise<number>;
}

/** How many of the leading vectors are wanted: a number, or what the values, falling, say. */
export type Count = number | ((values: Float64Array) => number);

export interface SingularCall {
  /** How many of the leading vectors are wanted, all where it is not said. A backend that gains nothing gives more. */
  readonly count?: Count | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((share: number) => void) | undefined;
}

export interface SingularVectors {
  /** `[count or more, rows of a]`; row i is the i-th left singular vector, by falling singular value. */
  readonly vectors: Matrix;
  /**
   * All singular values of `a` by its rows, falling, good to some 1e−7 of the largest; the vectors are then orthonormal to
   * float32 roundoff. Without it they are so to about 1e−5 only: `linalg/principalAxes` polishes them, and reads the
   * values from their product with `a`.
   */
  readonly values?: Float64Array;
}

/** A matrix that lives on a backend; only the backend that made it can read it. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
}
