import type { Weight } from '../backend/weights';
import type { Random } from '../core/random';
import type { node } from '../model/onnx/build';
import type { Multiply } from './product';
import type { InputStatistics } from './statistics';
import type { StoredArray } from './stored';

/**
 * What operators of each form have beside the fields of all operators (`OperatorBase`): their sizes and stored arrays.
 * Each form adds its entry in its own folder, and `forms.ts` lists the forms.
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
 * A weight W, [out, in] or [out, in, …kernel], in some form. It is a small tree whose leaves are dense. Methods rewrite
 * the leaves, so methods can be stacked without knowing of each other.
 */
export type Operator = { readonly [K in Kind]: OperatorOf<K> }[Kind];

export type OperatorOf<K extends Kind> = OperatorBase & Forms[K] & { readonly kind: K };

/** The fields of a form, and the shared fields that its description needs. */
export type Sizes<K extends Kind> = Forms[K] & Pick<OperatorBase, 'shape' | 'children'>;

/** What `forms.ts` lists for each form. `Kept` is what an operator is restored from, beside its shape and children. */
export interface Form<K extends Kind, Kept = object> {
  /** The kind with its sizes, for people: "lowRank 32". */
  describe(sizes: Sizes<K>): string;
  /** Values for JSON. They may contain stored arrays and operators. */
  keep(operator: OperatorOf<K>): Kept;
  /** Makes the operator again from what `keep` returned. A model exported with it has the same bytes. */
  restore(kept: Kept & Pick<OperatorBase, 'shape' | 'children'>): Operator;
  /**
   * Gives an operator of a plan random contents. Its children have contents already. Absent where a form stores nothing
   * but its children.
   */
  fill?(operator: OperatorOf<K>, children: readonly Operator[], random: Random): Operator;
}

/** What all operators have. */
export interface OperatorBase extends Weight {
  /** The kind with its sizes, for people: what the form's `describe` returns. */
  readonly form: string;
  readonly shape: readonly number[];
  /**
   * How many numbers the weight has in this form: entries of factors, kept weights, codes. Scales and indices do not
   * count.
   */
  readonly parameters: number;
  /** Stored bytes, with scales and indices. */
  readonly bytes: number;
  /** Set on a plan whose sizes are estimates, since the true ones depend on values that are not known yet. */
  readonly estimated?: true;
  /** Multiply-adds for one token, or one position of a convolution's output, in this form. */
  readonly multiplyAdds: number;
  /**
   * How many multiply-adds of a dense product take as long as one product in this form. `dense` is the number for the
   * dense weight. Absent: the children decide.
   */
  effort?(dense: number): number;
  /** The operators that it is made of. Methods rewrite `dense` leaves only. Codes and indices are not children. */
  readonly children: readonly Operator[];
  /** The same operator with other children of the same shapes. */
  with(children: readonly Operator[]): Operator;
  /**
   * The weight merged with its children. Present where both are of kinds that merge; the smaller of both results is
   * returned.
   */
  readonly merging?: {
    fromValues(): Promise<Operator>;
    /** For a plan. */
    fromSizes(): Operator;
  };
  /**
   * Statistics of the input of child `index` when this operator is applied to `input`. Undefined where they are not
   * known.
   */
  inputOf?(
    index: number,
    input: InputStatistics,
    multiply: Multiply,
  ): InputStatistics | undefined | Promise<InputStatistics | undefined>;

  /** The weight as one dense array, row-major. Products are computed by `multiply`: a backend's, or `product`. */
  toDense(multiply?: Multiply): Promise<Float32Array<ArrayBuffer>>;

  /** Writes nodes that compute the dense weight from what is stored, in the writer's type. Returns its name. */
  rebuild(writer: NodeWriter): string;
  /**
   * Bytes of all values that `rebuild` computes, in float32: intermediate values and the dense weight, without
   * `sharedBytes`.
   */
  readonly rebuildBytes: number;
  /**
   * Bytes of values that several weights share while they are rebuilt, such as zeros of one size. The key says which.
   */
  readonly sharedBytes?: Readonly<Record<string, number>>;
  /** As `rebuild` followed by a Transpose, but cheaper. Absent where there is no cheaper way. */
  rebuildTransposed?(writer: NodeWriter): string;
  /** Bytes of the values that `rebuildTransposed` computes beyond those of `rebuild`. */
  readonly transposingBytes?: number;

  /**
   * Writes nodes that apply this weight to the value `x` without making it dense. Returns the result's name. `stage`
   * says which parts of the replaced node this operator takes over. Absent: the weight can only be rebuilt.
   */
  write?(writer: WeightWriter, x: string, mode: Mode, stage: Stage): string;
  /** Whether `write` supports a mode. Absent: it supports all modes. */
  writes?(mode: Mode): boolean;
}

/**
 * How a weight is applied. rows: x·Wᵀ (a MatMul with the weight on the right). columns: W·x (on the left). gather: rows
 * of W by index. conv: a convolution. convGrouped: a convolution in groups, for which only dense operators have a form.
 * `…Transposed`: Wᵀ takes the place of W.
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
  /** The last operator in a chain: it takes over the node's name, output, bias and scale factors. */
  readonly last: boolean;
  /** It takes over a convolution's stride, padding and dilation. */
  readonly spatial: boolean;
}

export type Attributes = Parameters<typeof node>[3];

/** Adds nodes in front of a consumer. */
export interface NodeWriter {
  /** The opset of the standard domain. It decides which ONNX operators the nodes may use. */
  readonly opset: number;
  /** The type that the consumer computes in. */
  readonly type: FloatType;
  /** Adds a node with one output. Returns the output's name. */
  node(op: string, inputs: readonly string[], attributes?: Attributes, domain?: string): string;
  /** Adds a node with several outputs. Returns their names. */
  nodeOf(op: string, inputs: readonly string[], outputs: number, attributes?: Attributes, domain?: string): string[];
  /**
   * The name of a stored array. An array that is asked for twice is stored once. `spreads`: the array is small, but the
   * nodes make something large of it. It must then not be folded where nothing large may be.
   */
  constant(array: StoredArray, spreads?: boolean): string;
  /**
   * A dense leaf in the writer's type, as a transposed matrix or in another shape. A leaf is stored once, in the
   * orientation of the first request. Other requests get nodes that transpose it.
   */
  leaf(leaf: Dense, transposed?: boolean, dims?: readonly number[]): string;
  /** A small constant of whole numbers, as Reshape takes them. */
  int64(values: readonly number[], dims?: readonly number[]): string;
  /** A small constant in the writer's type. */
  float(values: readonly number[], dims?: readonly number[]): string;
  /**
   * Zeros in the writer's type. They take no storage from opset 9 on. They are not constant where nothing may be
   * folded.
   */
  zeros(dims: readonly number[]): string;
  /** An int64 zero, [1] or of shape `dims`. It is not constant where nothing may be folded. */
  zero(dims?: readonly number[]): string;
  /** States the shape of a value that no runtime can infer. Runtimes fold only values of known size. */
  shaped(name: string, dataType: number, dims: readonly number[]): void;
}

/** Writes the nodes that replace one consumer of a weight. */
export interface WeightWriter extends NodeWriter {
  /** Applies a weight to `x`, in its own form where the export asks for it, else rebuilt. */
  apply(weight: Operator, x: string, mode: Mode, stage: Stage): string;
  /**
   * Adds the last node of an operator's own form. Where `stage` is the last, it takes over the replaced node's name and
   * output, and nodes for its scale factors and bias follow.
   */
  product(op: string, inputs: readonly string[], attributes: Attributes, stage: Stage, domain?: string): string;
}

export type FloatType = 'float32' | 'float16';

export const BYTES_OF: Readonly<Record<FloatType, number>> = { float32: 4, float16: 2 };

/**
 * A leaf. Methods rewrite it. Some of its elements may be padding: zeros that stand for no weight and do not count as
 * parameters.
 */
export type Dense = OperatorOf<'dense'>;

export const isDense = (operator: Operator): operator is Dense => operator.kind === 'dense';

export const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Whether a weight is a matrix. A 1×1 convolution counts as one, over its channels. */
export const isMatrix = ({ shape }: Pick<Operator, 'shape'>): boolean => shape.slice(2).every((size) => size === 1);

/** [rows, columns] of a weight [out, in, …kernel] seen as a matrix [out, in·taps]. */
export const matrixOf = (shape: readonly number[]): [rows: number, columns: number] => [
  shape[0]!,
  elements(shape.slice(1)),
];
