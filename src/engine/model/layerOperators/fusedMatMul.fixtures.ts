import { intOf } from '../onnx/attributes';
import { matrixProduct } from '../shapes/broadcast';
import type { LayerOperator } from './layerOperator';

/** onnxruntime's product with a scale and transposed operands: an operator among layers, as a fixture. */
export const fusedMatMul: LayerOperator = {
  op: 'FusedMatMul',
  domain: 'com.microsoft',
  kind: 'product',
  weights: [0, 1],
  takesStacks: true,
  transposes: ['transA', 'transB'],
  factor: 'alpha',
  unhandled: (node) =>
    ['transBatchA', 'transBatchB'].some((name) => intOf(node, name, 0) === 1)
      ? 'transposed together with its batch, which is not handled yet'
      : undefined,
  shapeOf(node, [a, b]) {
    if (!a || !b || intOf(node, 'transA', 0) === 1) return undefined;
    const right = intOf(node, 'transB', 0) === 1 ? [...b.slice(0, -2), b.at(-1)!, b.at(-2)!] : b;
    return matrixProduct(a, right, node.output[0] ?? '');
  },
  passes: 'matrices',
};
