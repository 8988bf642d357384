import { breakEvenRank } from '../../linalg/spectrum';
import { kindOfOperator } from '../../model/layerOperators/roles';
import { type Dense, isMatrix, matrixOf, type Operator } from '../../operators/operator';
import { percent } from '../../operators/percent';
import type { PlanContext, Skipped } from '../method';

/** Whether truncating a leaf will help, in sentences; `saving` is what it would become. */
export function adviceOn(
  leaf: Dense,
  saving: Operator | Skipped | 'unknown',
  whitened: boolean,
  context: PlanContext,
): string[] {
  const [out, inner, ...kernel] = leaf.shape as [number, number, ...number[]];
  const kernels = kernel.join('×');
  const said: string[] = [];
  if (saving !== 'unknown' && !('skipped' in saving)) {
    said.push(
      kindOfOperator(context.op) === 'gather'
        ? 'Saves storage, not time: looking up a row of the dense weight costs no multiplication.'
        : `Smaller and less to compute: ${percent(saving.multiplyAdds / leaf.multiplyAdds)} of the multiply-adds${isMatrix(leaf) || whitened ? '' : ' at stride 1'}.`,
    );
  }
  if (isMatrix(leaf) || whitened) {
    const [rows, columns] = matrixOf(leaf.shape);
    if (!isMatrix(leaf)) said.push(`A ${kernels} kernel becomes ${kernels} · 1×1, which sees every tap of its input.`);
    const even = `${rows}·${columns}/(${rows}+${columns}) = ${breakEvenRank(rows, columns).toFixed(1)}`;
    said.push(`Two factors hold less than the dense weight below rank mn/(m+n) = ${even}.`);
  } else {
    said.push(`A ${kernels} kernel becomes 1×1 · ${kernels} · 1×1; it pays on both channel sides at once.`);
  }
  if (whitened) {
    said.push(
      "Keeps the output on the calibration data rather than the weight: give data like what the model will see. The weight's own error is larger for it.",
    );
    return said;
  }
  const { spectrum } = context;
  const full = Math.min(out, inner);
  if (spectrum?.kind === 'matrix' && full >= 8 && spectrum.effectiveRank > 0.7 * full) {
    said.push(
      `Its spectrum is flat: about ${spectrum.effectiveRank.toFixed(0)} of ${full} directions carry it, so that cutting it loses much.`,
    );
  }
  return said;
}
