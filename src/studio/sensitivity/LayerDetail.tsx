import { Button, UnstyledButton } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { SensitivityCell } from '../../engine/page/light';
import { formatBytes } from '../format';
import { ShortName } from '../ShortName';
import { SeriesKey } from '../workbench/SeriesKey';
import type { Cursor } from './cursor';
import { type DamageScale, formatLevel } from './damageScale';
import { describeCell, lineTitle } from './describe';
import { LayerChart } from './LayerChart';
import { layerLines } from './layerLines';
import { BEST, type HeatMap } from './map';
import type { Picked } from './usePicking';

interface DetailProps {
  readonly map: HeatMap;
  readonly scale: DamageScale;
  readonly cursor: Cursor;
  readonly chosen: ReadonlyMap<number, number>;
  /** The cells that the recipe takes, by layer id. */
  readonly taken: ReadonlyMap<string, SensitivityCell>;
  readonly onPick: (picked: Picked) => void;
  readonly onLine: (line: string) => void;
}

/** The layer under the cursor: what its cell says, and damage over bytes for all lines. */
export function LayerDetail({ map, scale, cursor, chosen, taken, onPick, onLine }: DetailProps) {
  const layer = map.layers[cursor.row]!;
  const level = map.levels[cursor.column]!;
  const found = map.rows[cursor.row]?.[cursor.column];
  const lines = useMemo(() => layerLines(map.report, layer.id), [map.report, layer.id]);
  // On a phone the map needs the room.
  const [isOpen, setOpen] = useState(() => window.matchMedia('(min-width: 768px) and (min-height: 800px)').matches);
  const cell = taken.get(layer.id);
  const isChosen = chosen.get(cursor.row) === cursor.column;
  return (
    <section className="heat-detail" aria-label="Layer in the map">
      <div className="heat-detail-title">
        <h3>
          <ShortName text={layer.name} />
        </h3>
        <span>
          {formatBytes(layer.bytes)} · {formatLevel(level)}
        </span>
        <Button
          size="compact-xs"
          variant={isChosen ? 'default' : 'light'}
          disabled={!found?.cell.steps}
          onClick={() => onPick(new Map([[cursor.row, isChosen ? null : cursor.column]]))}
        >
          {isChosen ? 'Leave the layer as it is' : 'Choose this cell'}
        </Button>
        {lines.length > 0 && (
          <Button size="compact-xs" variant="subtle" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {isOpen ? 'Hide lines' : 'Show lines'}
          </Button>
        )}
      </div>
      <p>
        {describeCell(map, found, level).join(' ')}
        {cell && ` The recipe takes ${lineTitle(map.report, cell.line)} at ${formatLevel(cell.level)}.`}
      </p>
      {isOpen && lines.length > 0 && (
        <div className="heat-lines">
          <LayerChart lines={lines} scale={scale} name={layer.name} />
          <ul>
            {lines.map(({ key, title, look }) => (
              <li key={key}>
                <UnstyledButton
                  aria-pressed={map.line === key}
                  title={map.line === key ? 'Show the best of all in the map' : `Show ${title} in the map`}
                  onClick={() => onLine(map.line === key ? BEST : key)}
                >
                  <SeriesKey look={look} />
                  {title}
                </UnstyledButton>
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}
