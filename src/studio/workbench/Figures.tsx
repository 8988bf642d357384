import type { LayerReport } from '../../worker/protocol';
import { isTucker, maxRank, totalCost } from '../cost';
import { formatBytes, formatChange, formatCount, formatError } from '../format';
import { useStudio } from '../store';

/** What the budget comes to. Every figure is exact: it follows from shapes and spectra. */
export function Figures({ layers }: { layers: readonly LayerReport[] }) {
  const spectra = useStudio((state) => state.spectra);
  const budgets = useStudio((state) => state.budgets);
  const total = totalCost(layers, spectra, budgets);
  const several = layers.length > 1;
  const { ranks, before, after, worst, multiplyAdds } = total;
  return (
    <dl className="figures" aria-live="off">
      <Figure
        name="rank"
        value={rankText(ranks, several)}
        note={several ? 'least to most' : `of ${fullRank(layers[0])}`}
      />
      <Figure
        name="parameters"
        value={formatChange(after.parameters / before.parameters - 1)}
        note={`${formatCount(after.parameters)} of ${formatCount(before.parameters)}`}
      />
      <Figure name="bytes" value={formatBytes(after.bytes)} note={`of ${formatBytes(before.bytes)}`} />
      <Figure
        name={several ? 'worst error' : 'weight error'}
        value={worst ? formatError(worst.error) : '…'}
        note={several && worst ? worst.layer.name : 'relative, exact'}
        hurts={worst !== undefined && worst.error > 0.3}
      />
      <Figure name="multiply-adds" value={`${multiplyAdds.toFixed(2)} ×`} note="of the dense layer" />
    </dl>
  );
}

function Figure({ name, value, note, hurts }: { name: string; value: string; note: string; hurts?: boolean }) {
  return (
    <div className="figure" data-hurts={hurts || undefined}>
      <dt>{name}</dt>
      <dd>{value}</dd>
      {note && (
        <dd className="figure-note" title={note}>
          {note}
        </dd>
      )}
    </div>
  );
}

const fullRank = (layer: LayerReport) => (isTucker(layer) ? layer.shape.slice(0, 2).join(' × ') : maxRank(layer));

function rankText(ranks: readonly (readonly number[])[], several: boolean): string {
  if (ranks.length === 0) return '…';
  if (!several) return ranks[0].join(' × ');
  const all = ranks.flat();
  const least = Math.min(...all);
  const most = Math.max(...all);
  return least === most ? String(least) : `${least}–${most}`;
}
