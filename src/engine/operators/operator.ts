import type { Weight } from '../backend/weights';
import type { Random } from '../core/random';
import type { node } from '../model/onnx/build';
import type { Multiply } from './product';
import type { InputStatistics } from './statistics';
import type { StoredArray } from './stored';

/**
 * What each form of a weight says of its operators beside what all of them say (`OperatorOf`): its sizes, and what is
 * stored. Every form's folder adds its own entry, and `forms.ts` lists the forms.
 */
export interface Forms {
  readonly dense: {
    /** What it is stored as. */
    readonly type: FloatType;
    /** Names the values for caches: the layer's id while the leaf is a model's own weight. */
    readonly key?: string;
  };
}

/** The names of the forms. */
export type Kind = keyof Forms;

/**
 * A weight W, [out, in] or [out, in, …kernel], in some form: a small tree whose leaves are dense. Methods rewrite the
 * leaves, so that they stack without knowing of each other.
 */
export type Operator = { readonly [K in Kind]: OperatorOf<K> }[Kind];

export type OperatorOf<K extends Kind> = OperatorBase & Forms[K] & { readonly kind: K };

/** A form's own sizes, with those that its description in words needs. */
export type Sizes<K extends Kind> = Forms[K] & Pick<OperatorBase, 'shape' | 'children'>;

/** What `forms.ts` lists of each form. `Kept`: what an operator is made again from, beside its shape and children. */
export interface Form<K extends Kind, Kept = object> {
  /** The kind with its sizes, for people: "lowRank 32". */
  describe(sizes: Sizes<K>): string;
  /** Plain values that JSON holds; stored arrays and operators may stand among them. */
  keep(operator: OperatorOf<K>): Kept;
  /** The same operator from what `keep` gave: a model that is exported with it has the same bytes. */
  restore(kept: Kept & Pick<OperatorBase, 'shape' | 'children'>): Operator;
  /**
   * An operator of a plan with random contents in place of those that are not known yet, over children that have some
   * already; absent: nothing but children is stored.
   */
  fill?(operator: OperatorOf<K>, children: readonly Operator[], random: Random): Operator;
}

/** What operators of every form have. */
export interface OperatorBase extends Weight {
  /** The kind with its sizes, for people: what the form's `describe` says. */
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
  /**
   * Multiply-adds of a dense product that take about as long as a product in this form, by those of the dense weight;
   * absent: those of its children together.
   */
  effort?(dense: number): number;
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

export type Attributes = Parameters<typeof node>[3];

/** Adds nodes in front of a consumer. */
export interface NodeWriter {
  /** Of the standard domain: what operators the nodes may use. */
  readonly opset: number;
  /** What the consumer computes in. */
  readonly type: FloatType;
  /** A node; returns the name of its one output. */
  node(op: string, inputs: readonly string[], attributes?: Attributes, domain?: string): string;
  /** The same for a node with several outputs: their names. */
  nodeOf(op: string, inputs: readonly string[], outputs: number, attributes?: Attributes, domain?: string): string[];
  /**
   * The name of a stored array; asked twice for the same array, it is stored once. `spreads`: it is small itself, but what
   * the nodes make of it is not, so that it must not be folded where nothing may.
   */
  constant(array: StoredArray, spreads?: boolean): string;
  /**
   * A dense leaf in the writer's type, as a matrix transposed or in another shape. It is stored once, whether others apply
   * it or it is part of what is rebuilt; as whoever asks first wants it, for others nodes turn it.
   */
  leaf(leaf: Dense, transposed?: boolean, dims?: readonly number[]): string;
  /** A small constant of whole numbers, as Reshape and its like take them. */
  int64(values: readonly number[], dims?: readonly number[]): string;
  /** A small constant in the writer's type. */
  float(values: readonly number[], dims?: readonly number[]): string;
  /** Zeros in the writer's type that take no storage, from opset 9 on; no constant where nothing may fold. */
  zeros(dims: readonly number[]): string;
  /** An int64 zero, [1] or of shape `dims`; no constant where nothing may fold. */
  zero(dims?: readonly number[]): string;
  /** States the shape of a value that no runtime can infer, as runtimes fold only what they know the size of. */
  shaped(name: string, dataType: number, dims: readonly number[]): void;
}

/** Writes what replaces one consumer of a weight. */
export interface WeightWriter extends NodeWriter {
  /** Applies a weight to `x`: in its own form where that is what the export asks for, else rebuilt. */
  apply(weight: Operator, x: string, mode: Mode, stage: Stage): string;
  /**
   * The node that ends an operator's own form: the replaced node's name, output, scale factors and bias go with it where
   * `stage` is the last, as nodes of their own where there are any.
   */
  product(op: string, inputs: readonly string[], attributes: Attributes, stage: Stage, domain?: string): string;
}

export type FloatType = 'float32' | 'float16';

export const BYTES_OF: Readonly<Record<FloatType, number>> = { float32: 4, float16: 2 };

/** The leaf that methods rewrite. It has fewer parameters than elements where some are padding: zeros that stand for no weight. */
export type Dense = OperatorOf<'dense'>;

export const isDense = (operator: Operator): operator is Dense => operator.kind === 'dense';

export const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Whether a weight is a matrix as it is; a 1×1 convolution is one over its channels. */
export const isMatrix = ({ shape }: Pick<Operator, 'shape'>): boolean => shape.slice(2).every((size) => size === 1);

/** [rows, columns] of the matrix that a weight [out, in, …kernel] is read as: [out, in·taps]. */
export const matrixOf = (shape: readonly number[]): [rows: number, columns: number] => [
  shape[0]!,
  elements(shape.slice(1)),
];
