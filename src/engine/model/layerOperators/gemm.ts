import { intOf } from '../onnx/attributes';
import type { LayerOperator } from './layerOperator';

export const gemm: LayerOperator = {
  op: 'Gemm',
  domain: '',
  kind: 'product',
  weights: [0, 1],
  transposes: ['transA', 'transB'],
  factor: 'alpha',
  bias: { input: 2, factor: 'beta' },
  shapeOf: (node, [a, b]) => a && b && [a[intOf(node, 'transA', 0)]!, b[1 - intOf(node, 'transB', 0)]!],
};
