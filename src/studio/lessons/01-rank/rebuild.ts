import type { MatrixPicture, PictureFactors } from '../../../engine/page/light';

/**
 * The first r terms of a factored picture, Σ_{i<r} left_i ⊗ right_i, kept up to date while r moves: going from r to s
 * costs min(|s − r|, s) outer products, so that a slider redraws within a frame. Sums are float64; terms are added and
 * taken off again in any order, and in float32 that would leave a visible residue.
 */
export class PartialSum {
  readonly rows: number;
  readonly columns: number;
  /** Row-major `[rows, columns]`. */
  readonly values: Float64Array;
  #rank = 0;

  /** `picture` gives the shape and what `relativeError` compares with. */
  constructor(
    private readonly picture: MatrixPicture,
    private readonly factors: PictureFactors,
  ) {
    this.rows = picture.rows;
    this.columns = picture.columns;
    this.values = new Float64Array(this.rows * this.columns);
  }

  get rank(): number {
    return this.#rank;
  }

  /** How many terms there are. */
  get fullRank(): number {
    return this.factors.values.length;
  }

  /** Brings the sum to its first `rank` terms; clamped to 0 … fullRank. */
  moveTo(rank: number): void {
    const target = Math.max(0, Math.min(this.fullRank, Math.round(rank)));
    if (target < Math.abs(target - this.#rank)) {
      this.values.fill(0);
      this.#rank = 0;
    }
    for (let term = this.#rank; term < target; term++) this.#add(term, 1);
    for (let term = this.#rank - 1; term >= target; term--) this.#add(term, -1);
    this.#rank = target;
  }

  /** ‖picture − sum‖ / ‖picture‖ (Frobenius), from the values themselves; 0 for an all-zero picture. */
  relativeError(): number {
    let difference = 0;
    let whole = 0;
    for (let i = 0; i < this.values.length; i++) {
      const original = this.picture.values[i];
      difference += (original - this.values[i]) ** 2;
      whole += original * original;
    }
    return whole === 0 ? 0 : Math.sqrt(difference / whole);
  }

  #add(term: number, sign: 1 | -1): void {
    const { rows, columns, values } = this;
    const { left, right } = this.factors;
    const terms = this.fullRank;
    const from = term * columns;
    for (let row = 0; row < rows; row++) {
      const factor = sign * left[row * terms + term];
      if (factor === 0) continue;
      const start = row * columns;
      for (let column = 0; column < columns; column++) values[start + column] += factor * right[from + column];
    }
  }
}

/** The leading corner of `picture`, at most `size` × `size`. */
export function corner(picture: MatrixPicture, size: number): MatrixPicture {
  const rows = Math.min(size, picture.rows);
  const columns = Math.min(size, picture.columns);
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const start = row * picture.columns;
    values.set(picture.values.subarray(start, start + columns), row * columns);
  }
  return { rows, columns, values };
}
