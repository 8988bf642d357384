/** The small tables of the lesson's first step: whole numbers, so that their rank is exact. */
export type Table = readonly (readonly number[])[];

/** `column` times `row`: entry (i, j) is column[i]·row[j]. */
export function outerProduct(column: readonly number[], row: readonly number[]): Table {
  return column.map((a) => row.map((b) => a * b));
}

/**
 * Rank of a table of whole numbers, by elimination without fractions (Bareiss): every division is exact, so no
 * tolerance has to be chosen. Entries of the lesson's size stay far below 2⁵³.
 */
export function rankOf(table: Table): number {
  const rows = table.map((row) => [...row]);
  const width = rows[0]?.length ?? 0;
  let rank = 0;
  let previous = 1;
  for (let column = 0; column < width && rank < rows.length; column++) {
    const pivotRow = rows.findIndex((row, i) => i >= rank && row[column] !== 0);
    if (pivotRow < 0) continue;
    [rows[rank], rows[pivotRow]] = [rows[pivotRow], rows[rank]];
    const pivot = rows[rank][column];
    for (let i = rank + 1; i < rows.length; i++) {
      const lead = rows[i][column];
      for (let j = 0; j < width; j++) rows[i][j] = (pivot * rows[i][j] - lead * rows[rank][j]) / previous;
    }
    previous = pivot;
    rank++;
  }
  return rank;
}
