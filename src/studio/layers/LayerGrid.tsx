import { type KeyboardEvent, type MouseEvent, memo, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { LayerReport, LayerSpectrum } from '../../engine/page/light';
import { sharedEnds } from '../sharedEnds';
import { useStudio } from '../store';
import type { Damage } from './damage';
import { LayerRow } from './LayerRow';
import { afterClick, afterKey, type Choice } from './selecting';

interface GridProps {
  /** The layers as they are shown: filtered and sorted. */
  layers: readonly LayerReport[];
  spectra: ReadonlyMap<string, LayerSpectrum>;
  damage: Damage | null;
  /** Compressible layers of the model. */
  total: number;
}

/**
 * The list of layers. The workbench shows highlighted layers; Compress compresses ticked ones. Arrow keys move the
 * focus, Shift extends the range, Space highlights, Enter ticks, Ctrl+A highlights all. The browser skips rows that are
 * out of sight (`content-visibility`), so that a thousand rows stay fast and find-in-page still works.
 */
export const LayerGrid = memo(({ layers, spectra, damage, total }: GridProps) => {
  const selection = useStudio((state) => state.selection);
  const included = useStudio((state) => state.included);
  const select = useStudio((state) => state.select);
  const include = useStudio((state) => state.include);
  const selected = useMemo(() => new Set(selection), [selection]);
  const ids = useMemo(() => layers.map(({ id }) => id), [layers]);
  const shared = useMemo(() => sharedEnds(layers.map(({ name }) => name)), [layers]);
  const largest = layers.reduce((most, { parameters }) => Math.max(most, parameters), 0);
  const modelParameters = useStudio(({ model }) => model?.parameters ?? 0);

  const [focus, setFocus] = useState<string | null>(null);
  const anchor = useRef<string | null>(null);
  const grid = useRef<HTMLDivElement>(null);
  const focused = focus !== null && ids.includes(focus) ? focus : (ids.find((id) => selected.has(id)) ?? ids[0]);

  // Every row has the same handlers. They read the current choice from here, so that rows need not render again.
  const latest = useRef({ ids, selected, focused });
  useEffect(() => {
    latest.current = { ids, selected, focused };
  });

  const choose = useCallback(
    (choice: Choice) => {
      if (choice.selected) select([...choice.selected]);
      anchor.current = choice.anchor;
      setFocus(choice.focus);
      const row = grid.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(choice.focus)}"]`);
      row?.focus({ preventScroll: true });
      row?.scrollIntoView({ block: 'nearest' });
    },
    [select],
  );
  const onRowClick = useCallback(
    (id: string, event: MouseEvent) => {
      const { ids, selected } = latest.current;
      choose(afterClick({ ids, selected, anchor: anchor.current }, id, event));
    },
    [choose],
  );
  const onTick = useCallback((id: string, ticked: boolean) => include([id], ticked), [include]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (!focused) return;
    if (event.key === 'Enter') {
      const targets = selected.has(focused) ? [...selected] : [focused];
      include(targets, !included.has(focused));
      event.preventDefault();
      return;
    }
    const choice = afterKey({ ids, selected, anchor: anchor.current }, focused, event);
    if (!choice) return;
    event.preventDefault();
    choose(choice);
  };

  // Where the model has no such layer, the workbench says why.
  if (layers.length === 0)
    return total > 0 && <p className="layers-none">No layer matches the filter: Esc clears it.</p>;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a table cannot lay its cells out on two lines and keep its roles
    <div
      className="grid"
      ref={grid}
      role="grid"
      aria-label="Compressible layers"
      aria-multiselectable="true"
      aria-rowcount={layers.length}
      onKeyDown={onKeyDown}
    >
      {layers.map((layer) => (
        <LayerRow
          key={layer.id}
          layer={layer}
          spectrum={spectra.get(layer.id)}
          damage={damage}
          selected={selected.has(layer.id)}
          included={included.has(layer.id)}
          shared={shared}
          focused={layer.id === focused}
          bar={layer.parameters / largest}
          share={layer.parameters / modelParameters}
          onRowClick={onRowClick}
          onTick={onTick}
        />
      ))}
    </div>
  );
});
