import type { Backend, Matrix } from '../backend/backend';

/** Matrices of one computation: whatever is still held is freed at its end, however it ends. */
export class Held {
  readonly #matrices = new Set<Matrix>();
  constructor(private readonly backend: Backend) {}

  hold(matrix: Matrix): Matrix {
    this.#matrices.add(matrix);
    return matrix;
  }

  /** Frees these now. */
  free(...matrices: Matrix[]): void {
    for (const matrix of matrices) if (this.#matrices.delete(matrix)) this.backend.free(matrix);
  }

  /** The caller's from now on. */
  release(matrix: Matrix): Matrix {
    this.#matrices.delete(matrix);
    return matrix;
  }

  freeAll(): void {
    this.free(...this.#matrices);
  }
}
