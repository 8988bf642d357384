import { UnstyledButton, useComputedColorScheme } from '@mantine/core';
import { useElementSize, useMergedRef } from '@mantine/hooks';
import { type KeyboardEvent, type RefObject, useEffect, useId, useLayoutEffect, useMemo, useRef } from 'react';
import { ShortName } from '../ShortName';
import { sharedEnds } from '../sharedEnds';
import { canvasPen, paletteOf, preparedContext } from './canvasPen';
import { type Cursor, moved } from './cursor';
import { type DamageScale, formatLevel } from './damageScale';
import { describeCell } from './describe';
import type { HeatMap as Cells } from './map';
import { paint } from './paint';
import { type Picked, usePicking } from './usePicking';
import { useRowWindow } from './useRowWindow';

/** Height of the names of the levels, above the rows. */
const HEAD = 28;
/** Levels narrower than this have their names written upwards. */
const FLAT_NAME = 46;

export interface MapProps {
  readonly map: Cells;
  readonly scale: DamageScale;
  /** Column of the chosen cell, by row. */
  readonly chosen: ReadonlyMap<number, number>;
  readonly cursor: Cursor;
  readonly onCursor: (cursor: Cursor) => void;
  /** Columns by row; null leaves the layer as it is. */
  readonly onPick: (picked: Picked) => void;
}

/**
 * Layers by levels, one colour each, drawn on a canvas: only the rows in view, so that a deep model scrolls as fast as a
 * small one. A click chooses a cell, or gives it up; drawing over rows chooses one cell in each; Shift extends from the
 * cell in hand. Arrow keys move, Enter chooses. `CellTable` has the same as text.
 */
export function HeatMap({ rowHeight, ...props }: MapProps & { readonly rowHeight: number }) {
  const { map, scale, chosen, cursor, onCursor, onPick } = props;
  const scheme = useComputedColorScheme('light');
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { ref: sized, width } = useElementSize();
  const merged = useMergedRef(box, sized);
  const [rows, columns] = [map.layers.length, map.levels.length];
  const labels = Math.round(Math.min(240, Math.max(96, 0.32 * width)));
  const columnWidth = Math.max(18, (width - labels) / columns);
  const flat = columnWidth >= FLAT_NAME;
  const head = flat ? HEAD : 52;
  const { first, last } = useRowWindow(box, rows, rowHeight, head);
  const picking = usePicking({ rows, columns, rowHeight, columnWidth, chosen, cursor, onCursor, onPick });
  const shown = picking.drawn ?? chosen;

  useLayoutEffect(() => {
    if (!canvas.current || width === 0) return;
    const palette = paletteOf(scheme);
    const [w, h] = [columns * columnWidth, (last - first) * rowHeight];
    const context = preparedContext(canvas.current, w, h, window.devicePixelRatio);
    paint(canvasPen(context, palette), {
      ...{ map, scale, palette, left: 0, top: 0, columnWidth, rowHeight, first, last, chosen: shown },
    });
  }, [map, scale, scheme, columns, columnWidth, rowHeight, first, last, shown, width]);

  useKeepInView(box, cursor.row, rowHeight, head);
  const hint = useId();
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      const { row, column } = cursor;
      onPick(new Map([[row, chosen.get(row) === column ? null : column]]));
      return;
    }
    const page = Math.max(1, Math.floor((box.current!.clientHeight - head) / rowHeight) - 1);
    const next = moved(cursor, event, { rows, columns, page });
    if (!next) return;
    event.preventDefault();
    onCursor(next);
    if (event.shiftKey) onPick(columnOver(cursor.row, next.row, next.column));
  };
  const level = map.levels[cursor.column]!;
  const names = useMemo(() => map.layers.slice(first, last), [map, first, last]);
  const shared = useMemo(() => sharedEnds(map.layers.map(({ name }) => name)), [map.layers]);
  return (
    <div
      className="heat"
      ref={merged}
      role="application"
      aria-roledescription="heat map"
      aria-label="Damage by layer and level"
      aria-describedby={hint}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: an application takes the focus
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <span id={hint} className="hidden-text">
        Arrow keys move, Enter chooses a cell or gives it up, Shift with an arrow key chooses further layers. The table
        has the same as text.
      </span>
      <span role="status" className="hidden-text">
        {map.layers[cursor.row]?.name}, {formatLevel(level)}:{' '}
        {describeCell(map, map.rows[cursor.row]?.[cursor.column], level).join(' ')}
        {chosen.get(cursor.row) === cursor.column && ' Chosen.'}
      </span>
      <div className="heat-head" style={{ height: head, paddingLeft: labels }}>
        {map.levels.map((share, column) => (
          <UnstyledButton
            key={share}
            tabIndex={-1}
            data-upwards={!flat || undefined}
            style={{ width: columnWidth }}
            title={`Choose ${formatLevel(share)} of the bytes for every layer`}
            onClick={() => onPick(columnOver(0, rows - 1, column))}
          >
            {formatLevel(share)}
          </UnstyledButton>
        ))}
      </div>
      <div className="heat-body" style={{ height: rows * rowHeight }}>
        <div className="heat-names" style={{ top: first * rowHeight, width: labels }}>
          {names.map(({ id, name }, i) => (
            <button
              key={id}
              type="button"
              tabIndex={-1}
              aria-current={first + i === cursor.row || undefined}
              style={{ height: rowHeight }}
              onClick={() => onCursor({ row: first + i, column: cursor.column })}
            >
              {rowHeight >= 14 && <ShortName text={name} shared={shared} />}
            </button>
          ))}
        </div>
        <canvas
          ref={canvas}
          style={{
            left: labels,
            top: first * rowHeight,
            width: columns * columnWidth,
            height: (last - first) * rowHeight,
          }}
        />
        {/* Above the canvas: it receives the pointer, and moving the cursor draws nothing again. */}
        <div className="heat-over" style={{ left: labels, width: columns * columnWidth }} {...picking.handlers}>
          <span
            className="heat-cursor"
            style={{
              left: cursor.column * columnWidth,
              top: cursor.row * rowHeight,
              width: columnWidth,
              height: rowHeight,
            }}
          />
        </div>
      </div>
      {picking.hovered && <Tip map={map} {...picking.hovered} />}
    </div>
  );
}

/** The same column for a range of rows. */
function columnOver(from: number, to: number, column: number): Picked {
  const [low, high] = [Math.min(from, to), Math.max(from, to)];
  return new Map(Array.from({ length: high - low + 1 }, (_, i) => [low + i, column]));
}

/** Scrolls as far as a row that has become current is out of view. */
function useKeepInView(box: RefObject<HTMLElement | null>, row: number, rowHeight: number, head: number): void {
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const top = row * rowHeight;
    const below = top + rowHeight + head - element.clientHeight;
    if (element.scrollTop > top) element.scrollTop = top;
    else if (element.scrollTop < below) element.scrollTop = below;
  }, [box, row, rowHeight, head]);
}

/** What the pointer is on. */
function Tip({ map, row, column, x, y }: Cursor & { map: Cells; x: number; y: number }) {
  const layer = map.layers[row]!;
  const level = map.levels[column]!;
  // Towards the middle of the window, where there is room.
  const [right, down] = [x > window.innerWidth / 2, y > window.innerHeight / 2];
  return (
    <div
      className="heat-tip"
      aria-hidden="true"
      style={{
        ...(right ? { right: window.innerWidth - x + 12 } : { left: x + 12 }),
        ...(down ? { bottom: window.innerHeight - y + 12 } : { top: y + 12 }),
      }}
    >
      <strong>{layer.name}</strong> at {formatLevel(level)} of the bytes
      {describeCell(map, map.rows[row]?.[column], level).map((sentence) => (
        <span key={sentence}>{sentence}</span>
      ))}
    </div>
  );
}
