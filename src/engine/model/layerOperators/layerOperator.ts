import type { NodeProto } from 'onnx-buf';
import type { Shape } from '../shapes/shape';

/**
 * How a layer's weight W meets its input.
 *
 * - product: x·Wᵀ, or W·x where the weight is the left operand
 * - conv: a convolution with kernels W
 * - gather: rows of W, looked up by index
 */
export type LayerKind = 'product' | 'conv' | 'gather';

/**
 * An ONNX operator that can hold a layer's weight. What it declares here is all that any room needs to know of it:
 * layers are found, planned, calibrated, written, verified and pruned by it.
 */
export interface LayerOperator {
  /** The operator's name in ONNX. */
  readonly op: string;
  /** '' for ONNX's own operators. */
  readonly domain: string;
  readonly kind: LayerKind;
  /** Which inputs may be the weight. The other one of the first two is what the weight is applied to. */
  readonly weights: readonly number[];
  /** Of a product: the operands may be stacks of matrices. */
  readonly takesStacks?: true;
  /** Of a product: the attributes with which the node transposes its left and its right operand. */
  readonly transposes?: readonly [left: string, right: string];
  /** Of a product: the attribute that scales it. */
  readonly factor?: string;
  /** The input with the bias, and the attribute that scales it. An input with a factor is needed before opset 11. */
  readonly bias?: { readonly input: number; readonly factor?: string };
  /**
   * Of a convolution: the attribute that says in how many groups its channels lie. Without one it is a transposed
   * convolution, whose kernel [in, out/groups, …] is of use as a whole only.
   */
  readonly groups?: string;
  /** Why a weight that is used like this is not compressed, as the end of a sentence. */
  unhandled?(node: NodeProto, rank: number): string | undefined;
  /** The shape of the result for operands of these shapes. */
  shapeOf?(node: NodeProto, operands: readonly (Shape | undefined)[]): Shape | undefined;
  /**
   * How channels of its input come through where the node holds no layer's weight: a product of two computed values
   * keeps matrices apart, a depthwise convolution keeps channels apart.
   */
  readonly passes?: 'matrices' | 'channels';
}
