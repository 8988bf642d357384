import type { BlockSparseForm, NMForm, SparseForm } from './weightForm';

/** Stores what is not zero of a dense `[rows, columns]` matrix. */
export function sparseOf(dense: Float32Array, rows: number, columns: number): SparseForm {
  const count = dense.reduce((sum, value) => sum + Number(value !== 0), 0);
  const starts = new Uint32Array(rows + 1);
  const columnOf = new Uint32Array(count);
  const values = new Float32Array(count);
  let at = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = dense[i * columns + j]!;
      if (value === 0) continue;
      columnOf[at] = j;
      values[at++] = value;
    }
    starts[i + 1] = at;
  }
  return { kind: 'sparse', rows, columns, starts, columnOf, values };
}

/** Stores n of every m neighbouring columns. Throws a RangeError where more than n of them are not zero. */
export function nmOf(dense: Float32Array, rows: number, columns: number, n: number, m: number): NMForm {
  const groups = Math.ceil(columns / m);
  const values = new Float32Array(rows * groups * n);
  const places = new Uint8Array(rows * groups * n);
  for (let i = 0; i < rows; i++) {
    for (let group = 0; group < groups; group++) {
      let at = (i * groups + group) * n;
      const end = at + n;
      for (let place = 0; place < m && group * m + place < columns; place++) {
        const value = dense[i * columns + group * m + place]!;
        if (value === 0) continue;
        if (at === end) throw new RangeError(`Row ${i} has more than ${n} of ${m} values at column ${group * m}.`);
        values[at] = value;
        places[at++] = place;
      }
    }
  }
  return { kind: 'nm', rows, columns, n, m, values, places };
}

/** Stores the blocks `[height, width]` of a dense matrix that hold anything but zeros. */
export function blockSparseOf(
  dense: Float32Array,
  rows: number,
  columns: number,
  height: number,
  width: number,
): BlockSparseForm {
  const [down, across] = [Math.ceil(rows / height), Math.ceil(columns / width)];
  const starts = new Uint32Array(down + 1);
  const columnOf: number[] = [];
  const blocks: Float32Array[] = [];
  for (let i = 0; i < down; i++) {
    for (let j = 0; j < across; j++) {
      const block = new Float32Array(height * width);
      for (let y = 0; y < height && i * height + y < rows; y++) {
        const from = (i * height + y) * columns;
        block.set(dense.subarray(from + j * width, from + Math.min((j + 1) * width, columns)), y * width);
      }
      if (block.every((value) => value === 0)) continue;
      columnOf.push(j);
      blocks.push(block);
    }
    starts[i + 1] = columnOf.length;
  }
  const values = new Float32Array(blocks.length * height * width);
  for (const [e, block] of blocks.entries()) values.set(block, e * height * width);
  return { kind: 'blockSparse', rows, columns, height, width, starts, columnOf: Uint32Array.from(columnOf), values };
}
