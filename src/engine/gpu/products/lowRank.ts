import type { LowRankForm } from '../../weightForm';
import type { Preparation } from './product';

/**
 * y = (x·rightᵀ)·leftᵀ, each factor in its own form, one product after the other.
 *
 * One kernel that keeps x·rightᵀ in workgroup memory, a workgroup for 8 tokens and all outputs, was nowhere faster beyond
 * noise on SwiftShader: at n = 1024, rank 128, it took 0.85 ms against 0.75 for one token, 7.1 against 7.3 for 16, and
 * 153 against 92 for 256 (medians of 9). Two workgroups that share the outputs repeat the first product: 1.2, 9.2 and
 * 215 ms. With few tokens it is too few workgroups to fill an adapter, with many it reads both factors once for each 8.
 */
export const prepareLowRank: Preparation<LowRankForm> = (_, { left, right }, prepare) => {
  const outer = prepare(left);
  const inner = prepare(right);
  const free = () => [outer, inner].forEach((factor) => void factor.free());
  if (outer.columns !== inner.rows) {
    free();
    throw new RangeError(`A factor of ${outer.columns} columns does not meet one of ${inner.rows} rows.`);
  }
  return {
    rows: outer.rows,
    columns: inner.columns,
    bytes: outer.bytes + inner.bytes,
    multiplyAdds: outer.multiplyAdds + inner.multiplyAdds,
    kernels: [...outer.kernels, ...inner.kernels],
    *steps(operand, scratch, pace) {
      const { tokens } = operand;
      const between = scratch(tokens * inner.rows);
      yield* inner.steps({ x: operand.x, y: between, tokens, accumulate: false }, scratch, pace);
      yield* outer.steps({ ...operand, x: between }, scratch, pace);
    },
    free,
  };
};
