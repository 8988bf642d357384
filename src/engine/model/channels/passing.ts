import type { NodeProto } from 'onnx-buf';

/** Where a value holds the channels: an axis counted from the end, −1 being the last. */
export interface Carrier {
  readonly name: string;
  readonly axis: number;
}

/** A constant operand with one entry, or one run of entries, for each channel. */
export interface Parameter {
  readonly node: NodeProto;
  readonly input: number;
  /** Counted from the end. */
  readonly axis: number;
}

/** What a node passes on of a channel axis that one of its values carries. */
export interface Passing {
  /** Everything that carries the channels at this node, results and operands. */
  readonly carriers: readonly Carrier[];
  readonly parameters?: readonly Parameter[];
  /** A depthwise convolution counts its channels in an attribute, a Reshape in its shape. */
  readonly edit?: Edit;
  /** The channels only come in runs of such a number, one run a unit. */
  readonly units?: number;
  /** The runs are an axis of their own: heads. */
  readonly heads?: boolean;
}

export type Edit =
  | { readonly kind: 'group'; readonly node: NodeProto }
  /** Entry `at` of the Reshape's shape, counted from the end, is a multiple of the number of units. */
  | { readonly kind: 'shape'; readonly node: NodeProto; readonly at: number };
