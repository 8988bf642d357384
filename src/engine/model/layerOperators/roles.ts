import type { NodeProto, TensorProto } from 'onnx-buf';
import { intOf } from '../onnx/attributes';
import type { LayerKind, LayerOperator } from './layerOperator';
import { LAYER_OPERATORS } from './list';

/** How a node uses a constant weight. */
export interface Role {
  readonly operator: LayerOperator;
  readonly kind: LayerKind;
  /** Whether the node wants its [out, in] matrix transposed, that is as [in, out]. */
  readonly transposed: boolean;
  /** Whether the node transposes its other operand before it multiplies. */
  readonly turnsInput: boolean;
  /** Whether the node transposes the weight on its right, so that it reads it as [out, in]. */
  readonly turnsWeight: boolean;
  /**
   * Of a convolution: each of so many groups of output channels sees input channels of its own. Absent of a transposed
   * one, whose kernel [in, out/groups, …] is, like that of groups, of use as a whole only.
   */
  readonly groups?: number;
  /** Why a weight that is used like this is not compressed. */
  readonly unhandled?: string;
}

/** The operator of a node, where it is one that can hold a layer's weight. */
export function layerOperatorOf({ opType, domain }: NodeProto): LayerOperator | undefined {
  const own = domain === 'ai.onnx' ? '' : domain;
  return LAYER_OPERATORS.find((operator) => operator.op === opType && operator.domain === own);
}

/** How an operator's weight meets its input, by the operator's name; a product where no operator is called so. */
export const kindOfOperator = (op: string): LayerKind =>
  LAYER_OPERATORS.find((operator) => operator.op === op)?.kind ?? 'product';

/** The role of the constant `tensor` at `input` of `node`; undefined where it is no weight there. */
export function roleOf(node: NodeProto, input: number, tensor: TensorProto): Role | undefined {
  const operator = layerOperatorOf(node);
  if (!operator?.weights.includes(input)) return undefined;
  const rank = tensor.dims.length;
  const { kind, transposes, groups, takesStacks } = operator;
  const onRight = kind === 'product' && input === 1;
  const turns = (side: number) => transposes !== undefined && intOf(node, transposes[side]!, 0) === 1;
  const unhandled =
    operator.unhandled?.(node, rank) ??
    (takesStacks && rank !== 2 ? `a stack of matrices (rank ${rank}), which is not handled yet` : undefined);
  return {
    operator,
    kind,
    transposed: kind === 'product' && onRight !== turns(input),
    turnsInput: kind === 'product' && turns(1 - input),
    turnsWeight: onRight && turns(1),
    ...(groups !== undefined && { groups: intOf(node, groups, 1) }),
    ...(unhandled !== undefined && { unhandled }),
  };
}
