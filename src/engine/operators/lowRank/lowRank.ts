import { reshaped } from '../export/nodes';
import { type Form, matrixOf, type Operator } from '../operator';
import { preparedFrom } from '../prepared';
import { product } from '../product';
import { through } from '../statistics';
import { storedAs } from '../tree';

declare module '../operator' {
  interface Forms {
    readonly lowRank: { readonly rank: number };
  }
}

export const lowRankForm: Form<'lowRank'> = {
  describe: ({ rank, children }) => `lowRank ${rank}${storedAs(children)}`,
  keep: () => ({}),
  restore: ({ children: [left, right] }) => lowRank(left!, right!),
};

/**
 * W = left·right with left [out, r] and right [r, in]: r·(out + in) numbers and multiply-adds instead of out·in. For a
 * convolution the right factor is a kernel to r channels, [r, in, …kernel], with the stride, padding and dilation. The
 * left factor is a 1×1 convolution after it.
 */
export function lowRank(left: Operator, right: Operator): Operator {
  const [out, rank] = left.shape as [number, number];
  const [, ...rest] = right.shape;
  const [, inner] = matrixOf(right.shape);
  const sizes = { rank, shape: [out, ...rest], children: [left, right] };
  return {
    kind: 'lowRank',
    ...sizes,
    form: lowRankForm.describe(sizes),
    parameters: left.parameters + right.parameters,
    bytes: left.bytes + right.bytes,
    multiplyAdds: left.multiplyAdds + right.multiplyAdds,
    with: ([first, second]) => lowRank(first!, second!),
    async inputOf(index, input, multiply) {
      return index === 1 ? input : through(input, await right.toDense(multiply), rank, multiply);
    },
    async toDense(multiply = product) {
      return multiply(await left.toDense(multiply), await right.toDense(multiply), out, rank, inner);
    },
    prepare: (on) =>
      preparedFrom(on, [right, left], (factors) =>
        on.chain({ rows: out, columns: inner, padded: inner, links: factors.map((weight) => ({ weight, behind: 1 })) }),
      ),
    rebuildBytes: left.rebuildBytes + right.rebuildBytes + 4 * inner * (rest.length > 1 ? rank + 2 * out : out),
    rebuild(writer) {
      const second = right.rebuild(writer);
      if (rest.length === 1) return writer.node('MatMul', [left.rebuild(writer), second]);
      const whole = writer.node('MatMul', [left.rebuild(writer), reshaped(writer, second, [rank, inner])]);
      return reshaped(writer, whole, [out, ...rest]);
    },
    write(writer, x, mode, stage) {
      const first = { last: false, spatial: stage.spatial };
      const second = { last: stage.last, spatial: false };
      // Wᵀ = rightᵀ·leftᵀ: the factors are applied in the other order.
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
