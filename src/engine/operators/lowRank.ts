import type { Operator } from './operator';
import { product } from './product';

/** W = left·right with left [out, r] and right [r, in]: r·(out + in) numbers and multiply-adds in place of out·in. */
export function lowRank(left: Operator, right: Operator): Operator {
  const [out, rank] = left.shape as [number, number];
  const inner = right.shape[1]!;
  return {
    kind: 'lowRank',
    form: `lowRank ${rank}`,
    shape: [out, inner],
    parameters: left.parameters + right.parameters,
    bytes: left.bytes + right.bytes,
    multiplyAdds: left.multiplyAdds + right.multiplyAdds,
    async toDense(multiply = product) {
      return multiply(await left.toDense(multiply), await right.toDense(multiply), out, rank, inner);
    },
    mapLeaves: async (rewrite) => lowRank(await left.mapLeaves(rewrite), await right.mapLeaves(rewrite)),
    write(writer, x, mode, stage) {
      const first = { last: false, spatial: stage.spatial };
      const second = { last: stage.last, spatial: false };
      // Wᵀ = rightᵀ·leftᵀ: the factors act in the other order.
      if (mode === 'rowsTransposed' || mode === 'columnsTransposed') {
        return right.write(writer, left.write(writer, x, mode, first), mode, second);
      }
      // Rows of W are rows of left times right.
      if (mode === 'gather') return right.write(writer, left.write(writer, x, mode, first), 'rowsTransposed', second);
      if (mode === 'gatherTransposed') return left.write(writer, right.write(writer, x, mode, first), 'rows', second);
      return left.write(writer, right.write(writer, x, mode, first), mode, second);
    },
  };
}
