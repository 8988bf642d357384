import type { LayerReport, LayerSpectrum } from '../../engine/page/light';
import { errorsAtSizes } from '../cost';
import type { MapCell } from '../sensitivity/map';
import type { SortKey } from '../store';

export interface Arrangement {
  readonly sort: SortKey;
  readonly descending: boolean;
  /** Words that must all occur in the name, the operator or the shape: "mlp 768". */
  readonly filter: string;
}

/**
 * The compressible layers, filtered and sorted. Layers without the figure that is sorted by come last in both orders.
 * `damage`: cells at the level that is listed. Estimates do not sort.
 */
export function arrange(
  layers: readonly LayerReport[],
  spectra: ReadonlyMap<string, LayerSpectrum>,
  { sort, descending, filter }: Arrangement,
  damage?: ReadonlyMap<string, MapCell>,
): LayerReport[] {
  const words = shapesJoined(filter.toLowerCase()).split(/\s+/).filter(Boolean);
  const kept = layers.filter((layer) => layer.compressible && words.every((word) => textOf(layer).includes(word)));
  const sign = descending ? -1 : 1;
  if (sort === 'order') return descending ? kept.reverse() : kept;
  if (sort === 'name') {
    return kept.sort((a, b) => sign * a.name.localeCompare(b.name, 'en', { numeric: true }));
  }
  const figure = (layer: LayerReport): number | undefined => {
    const spectrum = spectra.get(layer.id);
    if (sort === 'size') return layer.parameters;
    if (sort === 'share') return layer.bytes;
    if (sort === 'damage') return measuredAt(damage?.get(layer.id));
    if (sort === 'effectiveRank') return spectrum?.effectiveRank;
    return spectrum && errorsAtSizes(layer, spectrum)[1];
  };
  return kept
    .map((layer) => ({ layer, value: figure(layer) }))
    .sort((a, b) => {
      if (a.value === undefined || b.value === undefined)
        return Number(a.value === undefined) - Number(b.value === undefined);
      return sign * (a.value - b.value);
    })
    .map(({ layer }) => layer);
}

const measuredAt = (found: MapCell | undefined): number | undefined =>
  found?.state === 'measured' ? found.value : undefined;

const shapesJoined = (text: string): string => text.replace(/(\d)\s*[x×]\s*(?=\d)/g, '$1x');

function textOf({ name, weight, op, shape }: LayerReport): string {
  return `${name} ${weight} ${op} ${shape.join('x')}`.toLowerCase();
}
