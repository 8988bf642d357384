import { type Layout, zerosOf } from './layout';
import { decodeWholes, encodeWholes, wholesBytes, wholesPlan, writeWholes } from './wholes';

/**
 * The column of each kept weight, equally many in every row. Shorter rows are filled with columns whose weight is 0.
 */
export const columns: Layout = {
  // Scatter.
  opset: 9,
  fits: ({ cell }) => cell === 1,
  plan({ rows, columns: across }, { most }) {
    return { entries: rows * most, arrays: wholesPlan('columns', [rows, most], across - 1) };
  },
  encode(positions, { rows, columns: across }, { most }) {
    const chosen = new Int32Array(rows * most);
    let from = 0;
    for (let row = 0; row < rows; row++) {
      let to = from;
      while (to < positions.length && positions[to]! < (row + 1) * across) to++;
      let spare = most - (to - from);
      let at = row * most;
      for (let column = 0; at < (row + 1) * most; column++) {
        const kept = from < to && positions[from] === row * across + column;
        if (kept) from++;
        else if (spare-- <= 0) continue;
        chosen[at++] = column;
      }
    }
    return encodeWholes(chosen, across - 1);
  },
  decode(arrays, { rows, columns: across }, entries) {
    const most = entries / rows;
    return decodeWholes(arrays, entries).map((column, i) => Math.floor(i / most) * across + column);
  },
  dims: ({ rows, columns: across }) => [rows, across],
  rebuild(writer, chosen, values, { rows, columns: across }, { entries }) {
    const scatter = writer.opset < 11 ? 'Scatter' : 'ScatterElements';
    const inputs = [writer.zeros([rows, across]), writeWholes(writer, chosen), values([rows, entries / rows])];
    return writer.node(scatter, inputs, { axis: 1 });
  },
  rebuildBytes: ({ rows, columns: across }, entries) => wholesBytes(entries, across - 1) + 4 * rows * across,
  sharedBytes: ({ rows, columns: across }) => zerosOf([rows, across]),
};
