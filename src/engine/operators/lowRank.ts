import type { Operator } from './operator';
import { product } from './product';
import { through } from './statistics';
import { storedAs } from './tree';

/** W = left·right with left [out, r] and right [r, in]: r·(out + in) numbers and multiply-adds in place of out·in. */
export function lowRank(left: Operator, right: Operator): Operator {
  const [out, rank] = left.shape as [number, number];
  const inner = right.shape[1]!;
  return {
    kind: 'lowRank',
    form: `lowRank ${rank}${storedAs([left, right])}`,
    shape: [out, inner],
    parameters: left.parameters + right.parameters,
    bytes: left.bytes + right.bytes,
    multiplyAdds: left.multiplyAdds + right.multiplyAdds,
    children: [left, right],
    with: ([first, second]) => lowRank(first!, second!),
    async inputOf(index, input, multiply) {
      return index === 1 ? input : through(input, await right.toDense(multiply), rank, multiply);
    },
    async toDense(multiply = product) {
      return multiply(await left.toDense(multiply), await right.toDense(multiply), out, rank, inner);
    },
    rebuildBytes: left.rebuildBytes + right.rebuildBytes + 4 * out * inner,
    rebuild: (writer) => writer.node('MatMul', [left.rebuild(writer), right.rebuild(writer)]),
    write(writer, x, mode, stage) {
      const first = { last: false, spatial: stage.spatial };
      const second = { last: stage.last, spatial: false };
      // Wᵀ = rightᵀ·leftᵀ: the factors act in the other order.
      if (mode === 'rowsTransposed' || mode === 'columnsTransposed') {
        return writer.apply(right, writer.apply(left, x, mode, first), mode, second);
      }
      // Rows of W are rows of left times right.
      if (mode === 'gather') return writer.apply(right, writer.apply(left, x, mode, first), 'rowsTransposed', second);
      if (mode === 'gatherTransposed') return writer.apply(left, writer.apply(right, x, mode, first), 'rows', second);
      return writer.apply(left, writer.apply(right, x, mode, first), mode, second);
    },
  };
}
