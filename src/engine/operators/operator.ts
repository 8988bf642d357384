/**
 * A weight W, [out, in] or [out, in, …kernel], in some form: a small tree whose leaves are dense. Methods rewrite the
 * leaves, so that they stack without knowing of each other.
 */
export interface Operator {
  readonly kind: string;
  /** The kind with its sizes, for people: "lowRank 32". */
  readonly form: string;
  readonly shape: readonly number[];
  /** Stored numbers. */
  readonly parameters: number;
  /** Stored bytes of those numbers. */
  readonly bytes: number;
  /** Multiply-adds for one token, or one position of a convolution's output. */
  readonly multiplyAdds: number;
  /** The weight as one dense array, row-major; products go through `multiply` (a backend's, or `product` below). */
  toDense(multiply?: Multiply): Promise<Float32Array<ArrayBuffer>>;
  /** The same tree with each dense leaf replaced by what `rewrite` makes of it. */
  mapLeaves(rewrite: (leaf: Dense) => Promise<Operator>): Promise<Operator>;
  /**
   * Writes the nodes that apply this weight to the value `x`; returns the result's name. `stage` says which parts of the
   * replaced node fall to this operator.
   */
  write(writer: LeafWriter, x: string, mode: Mode, stage: Stage): string;
}

/**
 * How a weight meets its input. rows: x·Wᵀ (MatMul with the weight on the right); columns: W·x (on the left); gather:
 * rows of W by index; conv: convolution. `…Transposed` applies Wᵀ in W's place.
 */
export type Mode = 'rows' | 'rowsTransposed' | 'columns' | 'columnsTransposed' | 'gather' | 'gatherTransposed' | 'conv';

/** Writes the nodes that apply one dense leaf; an operator says in which order its leaves act. */
export interface LeafWriter {
  applyDense(leaf: Dense, x: string, mode: Mode, stage: Stage): string;
}

export interface Stage {
  /** Carries the node's name, output, bias and scale factors: the last operator in a chain. */
  readonly last: boolean;
  /** Carries a convolution's stride, padding and dilation. */
  readonly spatial: boolean;
}

/** a [m, k] · b [k, n], row-major. */
export type Multiply = (
  a: Float32Array,
  b: Float32Array,
  m: number,
  k: number,
  n: number,
) => Float32Array<ArrayBuffer> | Promise<Float32Array<ArrayBuffer>>;

export type FloatType = 'float32' | 'float16';

export const BYTES_OF: Readonly<Record<FloatType, number>> = { float32: 4, float16: 2 };

export interface Dense extends Operator {
  readonly kind: 'dense';
  readonly type: FloatType;
  /** Names the values for caches: the layer's id while the leaf is a model's own weight. */
  readonly key?: string;
}
