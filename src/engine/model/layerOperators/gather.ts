import { intOf } from '../onnx/attributes';
import type { LayerOperator } from './layerOperator';

/** Its weight is a table [rows, columns]. */
export const gather: LayerOperator = {
  op: 'Gather',
  domain: '',
  kind: 'gather',
  weights: [0],
  unhandled: (node, rank) =>
    rank === 2 && [0, -2].includes(intOf(node, 'axis', 0))
      ? undefined
      : 'gathered along another axis than its rows, which is not handled yet',
  shapeOf(node, [table, indices]) {
    if (!table || !indices) return undefined;
    const axis = intOf(node, 'axis', 0);
    const at = axis < 0 ? axis + table.length : axis;
    return [...table.slice(0, at), ...indices, ...table.slice(at + 1)];
  },
};
