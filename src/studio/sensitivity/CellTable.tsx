import { type KeyboardEvent, memo, useEffect, useMemo, useRef } from 'react';
import type { SensitivityLayer } from '../../engine/page/light';
import { formatBytes, formatShare } from '../format';
import { ShortName } from '../ShortName';
import { type SharedEnds, sharedEnds } from '../sharedEnds';
import { moved } from './cursor';
import { formatLevel } from './damageScale';
import { describeCell, formatEstimated, lineTitle } from './describe';
import type { MapProps } from './HeatMap';
import { BEST, type HeatMap, type MapCell } from './map';
import { useRowWindow } from './useRowWindow';

const ROW = 44;
const HEAD = 30;
const [LEAST_NAME, LEAST_CELL] = [110, 118];

/**
 * The map as text: a grid in which arrow keys move, and Enter chooses a cell or gives it up. Only rows near the visible ones
 * exist, and the one with the cursor.
 */
export function CellTable({ map, chosen, cursor, onCursor, onPick }: Omit<MapProps, 'scale'>) {
  const box = useRef<HTMLDivElement>(null);
  const isMoving = useRef(false);
  const [rows, columns] = [map.layers.length, map.levels.length];
  const { first, last } = useRowWindow(box, rows, ROW, HEAD);
  const template = `minmax(${LEAST_NAME}px, 200px) repeat(${columns}, minmax(${LEAST_CELL}px, 1fr))`;
  // Rows are placed absolutely: what holds them must be as wide as they are.
  const shared = useMemo(() => sharedEnds(map.layers.map(({ name }) => name)), [map.layers]);
  const minWidth = LEAST_NAME + columns * LEAST_CELL;
  const shown = Array.from({ length: last - first }, (_, i) => first + i);
  if (cursor.row < first) shown.unshift(cursor.row);
  if (cursor.row >= last && cursor.row < rows) shown.push(cursor.row);

  useEffect(() => {
    // Only after a key: a cell must not take the focus from elsewhere.
    if (!isMoving.current) return;
    isMoving.current = false;
    const cell = box.current?.querySelector<HTMLElement>(`[data-cell="${cursor.row} ${cursor.column}"]`);
    cell?.focus({ preventScroll: true });
    cell?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [cursor]);

  const pick = (row: number, column: number) => onPick(new Map([[row, chosen.get(row) === column ? null : column]]));
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      pick(cursor.row, cursor.column);
      return;
    }
    const page = Math.max(1, Math.floor((box.current!.clientHeight - HEAD) / ROW) - 1);
    const next = moved(cursor, event, { rows, columns, page });
    if (!next) return;
    event.preventDefault();
    isMoving.current = true;
    onCursor(next);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows that are placed by their number cannot be those of a table
    <div
      className="cells"
      ref={box}
      role="grid"
      aria-label="Damage by layer and level"
      aria-rowcount={rows + 1}
      aria-colcount={columns + 1}
      onKeyDown={onKeyDown}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: cells take the focus */}
      <div
        className="cells-row cells-head"
        role="row"
        aria-rowindex={1}
        style={{ gridTemplateColumns: template, minWidth }}
      >
        <Head>Layer</Head>
        {map.levels.map((level) => (
          <Head key={level}>{formatLevel(level)}</Head>
        ))}
      </div>
      <div className="cells-body" role="presentation" style={{ height: rows * ROW, minWidth }}>
        {shown.map((row) => (
          <Row
            key={map.layers[row]!.id}
            map={map}
            row={row}
            layer={map.layers[row]!}
            shared={shared}
            template={template}
            chosen={chosen.get(row)}
            current={cursor.row === row ? cursor.column : undefined}
            onClick={(column) => {
              onCursor({ row, column });
              pick(row, column);
            }}
          />
        ))}
      </div>
    </div>
  );
}

const Head = ({ children }: { children: string }) => (
  // biome-ignore lint/a11y/useSemanticElements: as in the grid
  // biome-ignore lint/a11y/useFocusableInteractive: cells take the focus
  <span role="columnheader">{children}</span>
);

interface RowProps {
  readonly map: HeatMap;
  readonly row: number;
  readonly layer: SensitivityLayer;
  readonly shared: SharedEnds;
  readonly template: string;
  readonly chosen: number | undefined;
  /** The column with the cursor. */
  readonly current: number | undefined;
  readonly onClick: (column: number) => void;
}

const Row = memo(
  ({ map, row, layer, shared, template, chosen, current, onClick }: RowProps) => (
    // biome-ignore lint/a11y/useSemanticElements: as in the grid
    // biome-ignore lint/a11y/useFocusableInteractive: cells take the focus
    <div
      className="cells-row"
      role="row"
      aria-rowindex={row + 2}
      style={{ gridTemplateColumns: template, top: row * ROW, height: ROW }}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: as in the grid */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: cells take the focus */}
      <span role="rowheader">
        <ShortName text={layer.name} shared={shared} />
        <small>
          {layer.op} · {formatBytes(layer.bytes)}
        </small>
      </span>
      {map.levels.map((level, column) => {
        const found = map.rows[row]?.[column];
        return (
          // biome-ignore lint/a11y/useSemanticElements: as in the grid
          // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keys
          <span
            key={level}
            role="gridcell"
            aria-colindex={column + 2}
            aria-selected={chosen === column}
            tabIndex={current === column ? 0 : -1}
            data-cell={`${row} ${column}`}
            data-state={found?.state}
            title={describeCell(map, found, level).join(' ')}
            onClick={() => onClick(column)}
          >
            {value(found)}
            <small>{note(map, found, level)}</small>
          </span>
        );
      })}
    </div>
  ),
  // The handler reads nothing that the row does not show.
  (a, b) =>
    a.map === b.map && a.row === b.row && a.template === b.template && a.chosen === b.chosen && a.current === b.current,
);

function value(found: MapCell | undefined): string {
  if (!found) return '…';
  if (found.state === 'skipped') return 'skipped';
  return found.state === 'measured' ? formatEstimated(found.cell.damage!) : `≈ ${formatShare(found.value)}`;
}

/** The line of "best", and what cannot be told apart. */
function note({ report, line, levels }: HeatMap, found: MapCell | undefined, level: number): string {
  if (!found) return 'not known yet';
  if (found.state === 'skipped') return found.cell.skipped ?? '';
  const parts = line === BEST ? [lineTitle(report, found.cell.line)] : [];
  if (found.state === 'estimated') parts.push('estimate');
  if (found.likeNone) parts.push('like none');
  if (found.likePrevious) parts.push(`like ${formatLevel(levels[levels.indexOf(level) - 1]!)}`);
  return parts.join(', ');
}
