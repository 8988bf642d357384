import { convolved } from '../shapes/spatial';
import type { LayerOperator } from './layerOperator';

/** Its weight is [in, out/groups, …kernel]. */
export const convTranspose: LayerOperator = {
  op: 'ConvTranspose',
  domain: '',
  kind: 'conv',
  weights: [1],
  bias: { input: 2 },
  shapeOf: (node, [x, weight]) => convolved(node, x, weight, 'transposed'),
};
