import type { LowRankForm } from '../../weightForm';
import type { Preparation } from './product';

/** y = (x·rightᵀ)·leftᵀ, each factor in its own form. */
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
