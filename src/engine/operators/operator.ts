import type { InputStatistics } from './statistics';
import type { NodeWriter, WeightWriter } from './writer';

/**
 * A weight W, [out, in] or [out, in, …kernel], in some form: a small tree whose leaves are dense. Methods rewrite the
 * leaves, so that they stack without knowing of each other.
 */
export interface Operator {
  readonly kind: string;
  /** The kind with its sizes, for people: "lowRank 32". */
  readonly form: string;
  readonly shape: readonly number[];
  /** Numbers of the weight that are still free: factors, surviving weights, codes. Scales and indices are overhead. */
  readonly parameters: number;
  /** Stored bytes, overhead included. */
  readonly bytes: number;
  /** Of a plan: its sizes are only near, as those of what is made of it follow from values. */
  readonly estimated?: true;
  /** Multiply-adds in its own form for one token, or one position of a convolution's output. */
  readonly multiplyAdds: number;
  /** What it is made of. Only `dense` is a leaf that methods rewrite; codes and indices are no children. */
  readonly children: readonly Operator[];
  /** The same operator over other children of the same shapes. */
  with(children: readonly Operator[]): Operator;
  /** The same weight with its children taken in, where these are of a kind that it can be one with, and that stores less. */
  readonly merging?: {
    fromValues(): Promise<Operator>;
    /** For a plan. */
    fromSizes(): Operator;
  };
  /** Statistics of what child `index` is applied to where this operator is applied to `input`; undefined: unknown. */
  inputOf?(
    index: number,
    input: InputStatistics,
    multiply: Multiply,
  ): InputStatistics | undefined | Promise<InputStatistics | undefined>;

  /** The weight as one dense array, row-major; products go through `multiply` (a backend's, or `product`). */
  toDense(multiply?: Multiply): Promise<Float32Array<ArrayBuffer>>;

  /** Writes nodes that compute the dense weight, in the writer's type, from what is stored; returns its name. */
  rebuild(writer: NodeWriter): string;
  /** Bytes of every value that `rebuild` makes on the way, the dense weight included, in float32; but for `sharedBytes`. */
  readonly rebuildBytes: number;
  /** Bytes of values that all weights which name one alike share while they are rebuilt, such as zeros of their size. */
  readonly sharedBytes?: Readonly<Record<string, number>>;
  /** The same as `rebuild` with a Transpose behind it, at less cost; absent: there is no such way. */
  rebuildTransposed?(writer: NodeWriter): string;
  /** Bytes that it makes more than `rebuild`. */
  readonly transposingBytes?: number;

  /**
   * Writes the nodes that apply this weight to the value `x` without making it dense; returns the result's name.
   * `stage` says which parts of the replaced node fall to this operator. Absent: it can only be rebuilt.
   */
  write?(writer: WeightWriter, x: string, mode: Mode, stage: Stage): string;
  /** Whether `write` can do this; absent: all of it. */
  writes?(mode: Mode): boolean;
}

/**
 * How a weight meets its input. rows: x·Wᵀ (MatMul with the weight on the right); columns: W·x (on the left); gather:
 * rows of W by index; conv: convolution; convGrouped: one in groups, of which no operator but a dense one has a form of its
 * own. `…Transposed` applies Wᵀ in W's place.
 */
export type Mode =
  | 'rows'
  | 'rowsTransposed'
  | 'columns'
  | 'columnsTransposed'
  | 'gather'
  | 'gatherTransposed'
  | 'conv'
  | 'convGrouped';

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
  /** What it is stored as. */
  readonly type: FloatType;
  /** Fewer than it has elements where some are padding: zeros that stand for no weight, which no method need look at. */
  readonly parameters: number;
  /** Names the values for caches: the layer's id while the leaf is a model's own weight. */
  readonly key?: string;
}

export const isDense = (operator: Operator): operator is Dense => operator.kind === 'dense';

export const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Whether a weight is a matrix as it is; a 1×1 convolution is one over its channels. */
export const isMatrix = ({ shape }: Pick<Operator, 'shape'>): boolean => shape.slice(2).every((size) => size === 1);

/** [rows, columns] of the matrix that a weight [out, in, …kernel] is read as: [out, in·taps]. */
export const matrixOf = (shape: readonly number[]): [rows: number, columns: number] => [
  shape[0]!,
  elements(shape.slice(1)),
];
