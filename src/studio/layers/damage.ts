import { useDeferredValue, useMemo } from 'react';
import type { SensitivityReport } from '../../engine/page/light';
import { type DamageScale, damageScaleOf } from '../sensitivity/damageScale';
import { BEST, cellsAt, type HeatMap, heatMapOf, listedLevel, type MapCell } from '../sensitivity/map';
import { useStudio } from '../store';

/** What the list and the treemap show of measured damage. */
export interface Damage {
  readonly map: HeatMap;
  readonly scale: DamageScale;
  /** The level that is listed and sorted by. */
  readonly level: number;
  /** By layer id, at this level. */
  readonly cells: ReadonlyMap<string, MapCell>;
  /** Row of the map, by layer id. */
  readonly rows: ReadonlyMap<string, readonly (MapCell | undefined)[]>;
}

/** Null where nothing was measured, or the list shows spectra. It follows in a moment: hundreds of rows are drawn again. */
export function useDamage(): Damage | null {
  const report = useStudio((state) => state.sensitivity);
  const figures = useStudio((state) => state.layerFigures);
  const line = useStudio((state) => state.mapLine);
  const wanted = useStudio((state) => state.mapLevel);
  const damage = useMemo(
    () => (report && report.levels.length > 0 && figures === 'damage' ? damageOf(report, line, wanted) : null),
    [report, figures, line, wanted],
  );
  return useDeferredValue(damage);
}

export function damageOf(report: SensitivityReport, line: string, wanted: number | null): Damage {
  const map = heatMapOf(report, report.lines.some(({ key }) => key === line) ? line : BEST);
  const level = listedLevel(report, wanted);
  return {
    map,
    scale: damageScaleOf(report),
    level,
    cells: cellsAt(map, level),
    rows: new Map(map.layers.map(({ id }, row) => [id, map.rows[row]!])),
  };
}
