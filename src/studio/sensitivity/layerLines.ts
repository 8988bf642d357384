import type { SensitivityCell, SensitivityReport } from '../../engine/page/light';
import { type Look, lookOf } from '../workbench/series';

/** The measured cells of one line for one layer. */
export interface LayerLine {
  readonly key: string;
  readonly title: string;
  readonly look: Look;
  /** From few bytes to many; `x`: share of the layer's dense bytes, `y`: damage, `error`: its standard error. */
  readonly points: readonly LinePoint[];
}

export interface LinePoint {
  readonly x: number;
  readonly y: number;
  readonly error: number;
}

/** Lines of methods with the same steps have one colour and different dashes. Lines without a measured cell are left out. */
export function layerLines({ cells, layers, lines }: SensitivityReport, id: string): LayerLine[] {
  const bytes = layers.find((layer) => layer.id === id)?.bytes ?? 0;
  const own = cells.filter((cell) => cell.layer === id && cell.damage && cell.bytes !== undefined);
  const families = [...new Set(lines.map(({ methods }) => methods.join(' ')))];
  return lines.flatMap(({ key, title, methods }) => {
    const family = methods.join(' ');
    const variant = lines.filter((line) => line.methods.join(' ') === family).findIndex((line) => line.key === key);
    const points = own
      .filter(({ line }) => line === key)
      .map((cell) => pointOf(cell, bytes))
      .sort((a, b) => a.x - b.x);
    return points.length > 0 ? [{ key, title, look: lookOf(families.indexOf(family), variant), points }] : [];
  });
}

const pointOf = ({ bytes, damage }: SensitivityCell, dense: number): LinePoint => ({
  x: bytes! / dense,
  y: damage!.mean,
  error: damage!.standardError ?? 0,
});
