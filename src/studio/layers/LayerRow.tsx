import { useComputedColorScheme } from '@mantine/core';
import { type MouseEvent, memo, type ReactNode } from 'react';
import type { LayerReport, LayerSpectrum } from '../../engine/page/light';
import { errorsAtSizes, STRIP_SIZES } from '../cost';
import { formatCount, formatShape, formatShare } from '../format';
import { ShortName } from '../ShortName';
import { shadeAt } from '../sensitivity/colours';
import { formatLevel } from '../sensitivity/damageScale';
import { cellText, describeCell } from '../sensitivity/describe';
import type { SharedEnds } from '../sharedEnds';
import type { Damage } from './damage';

interface RowProps {
  layer: LayerReport;
  spectrum: LayerSpectrum | undefined;
  /** Shown in place of the spectrum's figures. */
  damage: Damage | null;
  selected: boolean;
  included: boolean;
  /** What all names of the list share. */
  shared: SharedEnds;
  focused: boolean;
  /** The parameters of the largest layer in the list, and of the model. */
  bar: number;
  share: number;
  onRowClick: (id: string, event: MouseEvent) => void;
  onTick: (id: string, ticked: boolean) => void;
}

// The grid handles the keys, so that a thousand rows need no handler each.
export const LayerRow = memo(
  ({ layer, spectrum, damage, selected, included, shared, focused, bar, share, onRowClick, onTick }: RowProps) => (
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
          <ShortName text={layer.name} shared={shared} title={`${layer.name}\nweight: ${layer.weight}`} />
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
        {damage ? (
          <>
            <DamageCell id={layer.id} damage={damage} />
            <Cell className="row-strip">
              <DamageStrip id={layer.id} damage={damage} />
            </Cell>
          </>
        ) : (
          <>
            <Cell className="row-rank" title="Effective rank: about how many directions carry the weight">
              <span className="hidden-text">effective rank </span>
              {spectrum ? <EffectiveRank value={spectrum.effectiveRank} /> : '…'}
            </Cell>
            <Cell className="row-strip">
              <Strip layer={layer} spectrum={spectrum} />
            </Cell>
          </>
        )}
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

/** Damage at the level that is listed. */
function DamageCell({ id, damage: { map, level, cells } }: { id: string; damage: Damage }) {
  const found = cells.get(id);
  return (
    <Cell className="row-rank row-damage" title={describeCell(map, found, level).join(' ')}>
      <span className="hidden-text">damage </span>
      {found ? cellText(found) : '…'}
    </Cell>
  );
}

/** One cell for each level, in the colours of the heat map. */
function DamageStrip({ id, damage: { map, scale, rows } }: { id: string; damage: Damage }) {
  const scheme = useComputedColorScheme('light');
  const cells = rows.get(id) ?? [];
  // One background: hundreds of rows with an element for each level took far longer to draw.
  const stops = cells.map((found, i) => {
    const colour = found?.state === 'measured' ? shadeAt(scale.place(found.value), scheme).fill : 'transparent';
    return `${colour} ${(100 * i) / cells.length}% ${(100 * (i + 1)) / cells.length}%`;
  });
  const words = cells.map((found, i) => `${found ? cellText(found) : 'not known'} at ${formatLevel(map.levels[i]!)}`);
  return (
    <span
      className="damage-strip"
      role="img"
      aria-label={`Damage by level: ${words.join(', ')}`}
      title={words.join(', ')}
      style={{ background: `linear-gradient(90deg, ${stops.join(', ')})` }}
    />
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
