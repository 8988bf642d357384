import type { NodeProto, TensorProto } from 'onnx-buf';
import { intOf } from './onnx/attributes';

/** How a node uses a constant weight. */
export interface Role {
  readonly kind: 'matmul' | 'gemm' | 'conv' | 'gather';
  /** Whether the node wants its [out, in] matrix transposed, that is as [in, out]. */
  readonly transposed: boolean;
  /**
   * Of a convolution: each of so many groups of output channels sees input channels of its own. Absent of a transposed
   * one, whose kernel [in, out/groups, …] is, like that of groups, of use as a whole only.
   */
  readonly groups?: number;
  /** Why a weight used like this is not compressed. */
  readonly unhandled?: string;
}

/**
 * The role of the constant `tensor` at `input` of `node`, or undefined where the operator is not handled:
 * y = x·W' (MatMul and Gemm, weight on the right: stored [in, out]), y = W·x (weight on the left: [out, in]),
 * Conv [out, in/groups, …kernel], ConvTranspose [in, out/groups, …kernel] and Gather of rows [rows, columns].
 */
export function roleOf(node: NodeProto, input: number, tensor: TensorProto): Role | undefined {
  if (node.domain !== '' && node.domain !== 'ai.onnx') return undefined;
  const rank = tensor.dims.length;
  switch (node.opType) {
    case 'MatMul':
      return {
        kind: 'matmul',
        transposed: input === 1,
        ...(rank !== 2 && { unhandled: `a stack of matrices (rank ${rank}), which is not handled yet` }),
      };
    case 'Gemm': {
      if (input > 1) return undefined;
      const flipped = intOf(node, input === 1 ? 'transB' : 'transA', 0) === 1;
      return { kind: 'gemm', transposed: (input === 1) !== flipped };
    }
    case 'Conv': {
      if (input !== 1) return undefined;
      return { kind: 'conv', transposed: false, groups: intOf(node, 'group', 1) };
    }
    case 'ConvTranspose':
      return input === 1 ? { kind: 'conv', transposed: false } : undefined;
    case 'Gather': {
      if (input !== 0) return undefined;
      const plain = rank === 2 && [0, -2].includes(intOf(node, 'axis', 0));
      return {
        kind: 'gather',
        transposed: false,
        ...(!plain && { unhandled: 'gathered along another axis than its rows, which is not handled yet' }),
      };
    }
    default:
      return undefined;
  }
}
