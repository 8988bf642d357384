import { type PointerEvent, useRef, useState } from 'react';
import type { Cursor } from './cursor';

/** Columns by row; null: the layer stays as it is. */
export type Picked = ReadonlyMap<number, number | null>;

interface Picking {
  readonly rows: number;
  readonly columns: number;
  readonly rowHeight: number;
  readonly columnWidth: number;
  readonly chosen: ReadonlyMap<number, number>;
  readonly cursor: Cursor;
  readonly onCursor: (cursor: Cursor) => void;
  readonly onPick: (picked: Picked) => void;
}

/** Choosing cells with the pointer. `drawn` is what would be chosen if the pointer were released now. */
export function usePicking({ rows, columns, rowHeight, columnWidth, chosen, cursor, onCursor, onPick }: Picking) {
  const [drawn, setDrawn] = useState<ReadonlyMap<number, number> | null>(null);
  const [hovered, setHovered] = useState<(Cursor & { readonly x: number; readonly y: number }) | null>(null);
  const drag = useRef<{ readonly from: Cursor; last: Cursor; readonly picked: Map<number, number> } | null>(null);

  const cellAt = ({ currentTarget, clientX, clientY }: PointerEvent): Cursor => {
    const { left, top } = currentTarget.getBoundingClientRect();
    return {
      row: Math.min(rows - 1, Math.max(0, Math.floor((clientY - top) / rowHeight))),
      column: Math.min(columns - 1, Math.max(0, Math.floor((clientX - left) / columnWidth))),
    };
  };
  const end = () => {
    drag.current = null;
    setDrawn(null);
  };
  const handlers = {
    onPointerDown(event: PointerEvent) {
      if (event.button !== 0) return;
      const cell = cellAt(event);
      setHovered(null);
      if (event.shiftKey) {
        const [low, high] = [Math.min(cursor.row, cell.row), Math.max(cursor.row, cell.row)];
        onPick(new Map(Array.from({ length: high - low + 1 }, (_, i) => [low + i, cell.column])));
        onCursor(cell);
        return;
      }
      // A finger that moves scrolls: the browser cancels its pointer.
      if (event.pointerType !== 'touch') event.currentTarget.setPointerCapture(event.pointerId);
      drag.current = { from: cell, last: cell, picked: new Map([[cell.row, cell.column]]) };
    },
    onPointerMove(event: PointerEvent) {
      const cell = cellAt(event);
      const dragged = drag.current;
      if (!dragged) {
        if (event.pointerType === 'mouse' && !(hovered?.row === cell.row && hovered.column === cell.column))
          setHovered({ ...cell, x: event.clientX, y: event.clientY });
        return;
      }
      if (cell.row === dragged.last.row && cell.column === dragged.last.column) return;
      // A quick pointer passes over rows between two events.
      const step = Math.sign(cell.row - dragged.last.row) || 1;
      for (let row = dragged.last.row; row !== cell.row + step; row += step) dragged.picked.set(row, cell.column);
      dragged.picked.set(dragged.from.row, dragged.from.row === cell.row ? cell.column : dragged.from.column);
      dragged.last = cell;
      setDrawn(new Map([...chosen, ...dragged.picked]));
    },
    onPointerUp() {
      const dragged = drag.current;
      end();
      if (!dragged) return;
      const { from, last, picked } = dragged;
      const isClick = from.row === last.row && from.column === last.column && picked.size === 1;
      onCursor(last);
      onPick(isClick && chosen.get(from.row) === from.column ? new Map([[from.row, null]]) : picked);
    },
    onPointerCancel: end,
    onPointerLeave: () => setHovered(null),
  };
  return { handlers, drawn, hovered };
}
