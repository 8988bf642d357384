import { convolved } from '../shapes/spatial';
import type { LayerOperator } from './layerOperator';

/** Its weight is [out, in/groups, …kernel]. */
export const conv: LayerOperator = {
  op: 'Conv',
  domain: '',
  kind: 'conv',
  weights: [1],
  groups: 'group',
  bias: { input: 2 },
  shapeOf: (node, [x, weight]) => convolved(node, x, weight, 'conv'),
  passes: 'channels',
};
