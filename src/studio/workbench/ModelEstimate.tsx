import { useMemo } from 'react';
import { AIM_WORDS } from '../aims';
import { formatBytes, formatChange } from '../format';
import { useStudio } from '../store';
import { totalCost } from '../studioCosts';
import { usePlans } from './usePlans';

/** Bytes of the whole model as Compress would write it for the chosen aim: planned, not measured. */
export function useModelEstimate() {
  const model = useStudio((state) => state.model);
  const included = useStudio((state) => state.included);
  const plans = usePlans();
  return useMemo(() => {
    const layers = model?.layers.filter(({ id }) => included.has(id)) ?? [];
    const total = totalCost(layers, plans);
    const before = model?.bytes ?? 0;
    return { layers, total, before, after: before - total.before.bytes + total.after.bytes + total.graph };
  }, [model, included, plans]);
}

/** What Compress would make of the model, in a line that is always visible. */
export function ModelEstimate() {
  const { layers, total, before, after } = useModelEstimate();
  const aim = useStudio(({ settings }) => settings.export?.aim ?? 'speed');
  if (before === 0) return null;
  const what = layers.length === 1 ? '1 layer' : `${layers.length} layers`;
  return (
    <section className="estimate" aria-label="Estimate for the whole model">
      <span>Whole model</span>
      {layers.length === 0 ? (
        <span>
          <strong>{formatBytes(before)}</strong>, no layer ticked
        </span>
      ) : (
        <>
          <span>
            {formatBytes(before)} → about <strong>{formatBytes(after)}</strong>
          </span>
          <span data-tone={after < before ? 'kept' : undefined}>{formatChange(after / before - 1)}</span>
          <span className="estimate-note">
            {total.unknown > 0 ? `${what}, ${total.unknown} of them counted unchanged until tried` : `${what} ticked`} ·
            written {AIM_WORDS[aim]}
          </span>
        </>
      )}
    </section>
  );
}
