import { type MouseEvent, memo, type ReactNode } from 'react';
import type { LayerReport, LayerSpectrum } from '../../engine/page/light';
import { errorsAtSizes, STRIP_SIZES } from '../cost';
import { formatCount, formatShape, formatShare } from '../format';
import { ShortName } from '../ShortName';

interface RowProps {
  layer: LayerReport;
  spectrum: LayerSpectrum | undefined;
  selected: boolean;
  included: boolean;
  focused: boolean;
  /** The parameters of the largest layer in the list, and of the model. */
  bar: number;
  share: number;
  onRowClick: (id: string, event: MouseEvent) => void;
  onTick: (id: string, ticked: boolean) => void;
}

// The grid handles the keys, so that a thousand rows need no handler each.
export const LayerRow = memo(
  ({ layer, spectrum, selected, included, focused, bar, share, onRowClick, onTick }: RowProps) => (
    // biome-ignore lint/a11y/useSemanticElements: rows of a grid that is no table
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has them
    <div
      className="row"
      role="row"
      aria-selected={selected}
      tabIndex={focused ? 0 : -1}
      data-id={layer.id}
      onClick={(event) => onRowClick(layer.id, event)}
    >
      <Cell className="row-tick">
        <input
          type="checkbox"
          tabIndex={-1}
          checked={included}
          aria-label={`Compress ${layer.name}`}
          onClick={(event) => event.stopPropagation()}
          onChange={(event) => onTick(layer.id, event.currentTarget.checked)}
        />
      </Cell>
      <span className="row-line">
        <Cell className="row-name">
          <ShortName text={layer.name} title={`${layer.name}\nweight: ${layer.weight}`} />
        </Cell>
        <Cell className="row-shape">{formatShape(layer.shape)}</Cell>
      </span>
      <span className="row-line">
        <Cell className="row-op" title={`${layer.op}, ${formatCount(layer.parameters)} parameters`}>
          {layer.op} · {formatCount(layer.parameters)}
        </Cell>
        <Cell className="row-share" title={`${formatShare(share)} of the model's parameters`}>
          <span className="hidden-text">{formatShare(share)} of the model</span>
          <span className="bar" style={{ width: `${100 * bar}%` }} />
        </Cell>
        <Cell className="row-rank" title="Effective rank: about how many directions carry the weight">
          <span className="hidden-text">effective rank </span>
          {spectrum ? <EffectiveRank value={spectrum.effectiveRank} /> : '…'}
        </Cell>
        <Cell className="row-strip">
          <Strip layer={layer} spectrum={spectrum} />
        </Cell>
      </span>
    </div>
  ),
);

function Cell({ className, title, children }: { className: string; title?: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a cell of a grid that is no table
    // biome-ignore lint/a11y/useFocusableInteractive: rows take the focus here, as the grid pattern allows
    <span role="gridcell" className={className} title={title}>
      {children}
    </span>
  );
}

const EffectiveRank = ({ value }: { value: number }) => <>{value < 10 ? value.toFixed(1) : Math.round(value)}</>;

/** One cell for each size: the more orange, the more of the weight is lost at that size. */
function Strip({ layer, spectrum }: { layer: LayerReport; spectrum: LayerSpectrum | undefined }) {
  if (!spectrum) return <span className="strip" data-empty="true" />;
  const errors = errorsAtSizes(layer, spectrum);
  const words = STRIP_SIZES.map((size, index) => `${formatShare(errors[index])} at ${formatShare(size, 0)}`).join(', ');
  return (
    <span
      className="strip"
      role="img"
      aria-label={`Error by size: ${words}`}
      title={`Error by size: ${words}. More orange means that more is lost.`}
    >
      {STRIP_SIZES.map((size, index) => (
        <span key={size} style={{ '--lost': `${Math.round(100 * Math.min(1, errors[index]))}%` }} />
      ))}
    </span>
  );
}
