import { useEffect, useState } from 'react';
import { useStudio } from '../store';
import type { Cursor } from './cursor';
import { type HeatMap, listedLevel } from './map';

/** The cell in hand. A layer that is highlighted in the list is the layer in hand here. */
export function useCursor({ report, layers, levels }: HeatMap): readonly [Cursor, (cursor: Cursor) => void] {
  const alone = useStudio(({ selection }) => (selection.length === 1 ? selection[0] : undefined));
  const [at, setAt] = useState<{ readonly layer: string | undefined; readonly level: number }>(() => ({
    layer: alone,
    level: listedLevel(report, null),
  }));
  useEffect(() => {
    if (alone !== undefined) setAt(({ level }) => ({ layer: alone, level }));
  }, [alone]);
  // Found by what they are, not by their numbers: a report that grows may bring others.
  const row = layers.findIndex(({ id }) => id === at.layer);
  const column = levels.indexOf(at.level);
  const cursor = { row: Math.max(0, row), column: Math.max(0, column) };
  return [cursor, ({ row, column }) => setAt({ layer: layers[row]?.id, level: levels[column]! })];
}
