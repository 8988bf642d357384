/** A cell of the map or of the table, by index. */
export interface Cursor {
  readonly row: number;
  readonly column: number;
}

/** Where a key moves the cursor, within a grid; undefined for a key without a meaning here. */
export function moved(
  { row, column }: Cursor,
  { key, ctrlKey, metaKey }: { readonly key: string; readonly ctrlKey: boolean; readonly metaKey: boolean },
  { rows, columns, page }: { readonly rows: number; readonly columns: number; readonly page: number },
): Cursor | undefined {
  const whole = ctrlKey || metaKey;
  const to: Readonly<Record<string, Cursor>> = {
    ArrowUp: { row: row - 1, column },
    ArrowDown: { row: row + 1, column },
    ArrowLeft: { row, column: column - 1 },
    ArrowRight: { row, column: column + 1 },
    PageUp: { row: row - page, column },
    PageDown: { row: row + page, column },
    Home: { row: whole ? 0 : row, column: 0 },
    End: { row: whole ? rows - 1 : row, column: columns - 1 },
  };
  const next = to[key];
  return next && { row: within(next.row, rows), column: within(next.column, columns) };
}

const within = (at: number, count: number): number => Math.min(count - 1, Math.max(0, at));
