import type { node } from '../model/onnx/build';
import type { Dense, FloatType, Mode, Operator, Stage } from './operator';
import type { StoredArray } from './stored';

/**
 * How a weight stands in the exported graph. factored: it is applied in its own form; load: a constant sub-graph that
 * the runtime folds into a dense weight when the session is made; use: the same sub-graph, kept from folding, so that
 * only the small form and one dense layer at a time are in memory.
 */
export type ExportForm = 'factored' | 'load' | 'use';

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
