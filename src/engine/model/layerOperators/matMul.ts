import { matrixProduct } from '../shapes/broadcast';
import type { LayerOperator } from './layerOperator';

export const matMul: LayerOperator = {
  op: 'MatMul',
  domain: '',
  kind: 'product',
  weights: [0, 1],
  takesStacks: true,
  shapeOf: (node, [a, b]) => a && b && matrixProduct(a, b, node.output[0] ?? ''),
  passes: 'matrices',
};
