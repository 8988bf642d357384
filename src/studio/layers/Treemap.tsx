import { useComputedColorScheme } from '@mantine/core';
import { hierarchy, treemap, treemapSquarify } from 'd3-hierarchy';
import { memo, useMemo } from 'react';
import type { LayerReport, LayerSpectrum } from '../../engine/page/light';
import { errorsAtSizes } from '../cost';
import { formatShape, formatShare } from '../format';
import { shadeAt } from '../sensitivity/colours';
import { describeCell } from '../sensitivity/describe';
import { useStudio } from '../store';
import type { Damage } from './damage';

const WIDTH = 100;
const HEIGHT = 36;
const SIZE_30 = 2;

interface TreemapProps {
  layers: readonly LayerReport[];
  spectra: ReadonlyMap<string, LayerSpectrum>;
  /** Paints the layers by what compressing them costs. */
  damage: Damage | null;
}

/**
 * The layers by size. The stronger the colour, the more of the layer remains at 30 % of its size; or, where damage is
 * shown, the more it costs to compress the layer.
 */
export const Treemap = memo(({ layers, spectra, damage }: TreemapProps) => {
  const selection = useStudio((state) => state.selection);
  const select = useStudio((state) => state.select);
  const selected = useMemo(() => new Set(selection), [selection]);
  const cells = useMemo(() => {
    const root = hierarchy<{ layer?: LayerReport; children?: { layer: LayerReport }[] }>({
      children: layers.map((layer) => ({ layer })),
    })
      .sum(({ layer }) => layer?.parameters ?? 0)
      .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
    return treemap<{ layer?: LayerReport }>().tile(treemapSquarify).size([WIDTH, HEIGHT])(root).leaves();
  }, [layers]);
  const total = layers.reduce((sum, { parameters }) => sum + parameters, 0);
  // For the mouse only: the list below has the same information, so screen readers get one picture.
  return (
    <div
      className="treemap"
      role="img"
      aria-label={`Layers by size. A stronger colour means that ${damage ? 'compressing the layer does more damage' : 'more of the layer remains at 30 % of its size'}. The list below shows the same layers`}
    >
      {cells.map(({ data: { layer }, x0, x1, y0, y1 }) =>
        layer ? (
          <Cell
            key={layer.id}
            layer={layer}
            spectrum={spectra.get(layer.id)}
            damage={damage}
            selected={selected.has(layer.id) && selected.size < layers.length}
            share={layer.parameters / total}
            left={x0}
            top={y0}
            width={x1 - x0}
            height={y1 - y0}
            onSelect={select}
          />
        ) : null,
      )}
    </div>
  );
});

interface CellProps {
  layer: LayerReport;
  spectrum: LayerSpectrum | undefined;
  damage: Damage | null;
  selected: boolean;
  share: number;
  left: number;
  top: number;
  width: number;
  height: number;
  onSelect: (ids: readonly string[]) => void;
}

const Cell = memo(({ layer, spectrum, damage, selected, share, left, top, width, height, onSelect }: CellProps) => {
  const scheme = useComputedColorScheme('light');
  const found = damage?.cells.get(layer.id);
  const error = spectrum && errorsAtSizes(layer, spectrum)[SIZE_30];
  const survives = error === undefined ? undefined : Math.round(100 * (1 - Math.min(1, error)));
  const title = `${layer.name} · ${layer.op} ${formatShape(layer.shape)} · ${formatShare(share)}`;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keyboard uses the grid below
    // biome-ignore lint/a11y/useKeyWithClickEvents: the same
    <div
      className="cell"
      data-selected={selected || undefined}
      data-known={(!damage && survives !== undefined) || undefined}
      title={
        damage
          ? `${title} · ${describeCell(damage.map, found, damage.level).join(' ')}`
          : error === undefined
            ? title
            : `${title} · error at 30 % of its size: ${formatShare(error)} (a stronger colour means a smaller error)`
      }
      style={{
        left: `${left}%`,
        top: `${(100 * top) / HEIGHT}%`,
        width: `${width}%`,
        height: `${(100 * height) / HEIGHT}%`,
        ...(survives !== undefined && { '--survives': `${survives}%` }),
        ...(found?.state === 'measured' && { backgroundColor: shadeAt(damage!.scale.place(found.value), scheme).fill }),
      }}
      onClick={(event) => {
        const { selection } = useStudio.getState();
        if (!(event.ctrlKey || event.metaKey || event.shiftKey)) onSelect([layer.id]);
        else if (selection.includes(layer.id)) onSelect(selection.filter((id) => id !== layer.id));
        else onSelect([...selection, layer.id]);
      }}
    />
  );
});
