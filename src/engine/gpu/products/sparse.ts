import type { SparseArrays } from '../../backend/weights';
import { gatherKernelsOf, gatherSteps } from './gather';
import { sparseKernels } from './gatherKernels';
import { inPanels } from './panels';
import { bytesOf, type PreparedForm, type ProductContext } from './product';

/** As many columns as 16 bits can number. Wider weights are cut into panels of so many columns. */
const PANEL = 65536;

/**
 * Compressed rows with columns in 16 bits, four entries at a time: 48 bits for each value that is not zero. A bitmask
 * for each 32 columns with the offset of its values would take 2 bits a column and 32 a value. That is less above a
 * density of 1/8, but there sparse products gain little, and lanes would wait for the fullest of their blocks.
 */
export function sparseWeight(context: ProductContext, weight: SparseArrays): PreparedForm {
  const { rows, columns, starts, columnOf, values } = weight;
  if (starts.length !== rows + 1 || starts[rows] !== values.length || columnOf.length !== values.length) {
    throw new RangeError(`The rows of a sparse [${rows}, ${columns}] weight do not hold its ${values.length} values.`);
  }
  if (columnOf.some((column) => column >= columns))
    throw new RangeError(`A column lies beyond the last of ${columns}.`);
  return inPanels(context, {
    rows,
    columns,
    // Rows are padded to whole quads.
    bytesOf: (row) => 16 * Math.ceil((starts[row + 1]! - starts[row]!) / 4),
    prepare(first, count) {
      const [from, to] = [starts[first]!, starts[first + count]!];
      return whole(context, {
        rows: count,
        columns,
        starts: starts.slice(first, first + count + 1).map((start) => start - from),
        columnOf: columnOf.subarray(from, to),
        values: values.subarray(from, to),
      });
    },
  });
}

function whole({ buffers, variants }: ProductContext, weight: SparseArrays): PreparedForm {
  const { rows, columns } = weight;
  const what = `A sparse [${rows}, ${columns}] weight`;
  const panels = Array.from({ length: Math.ceil(columns / PANEL) }, (_, panel) => {
    const packed = pack(weight, panel * PANEL, (panel + 1) * PANEL);
    const stored = [packed.starts, packed.pairs, packed.values].map((array) => buffers.upload(array, what));
    return { stored, longest: packed.longest, extra: { firstColumn: panel * PANEL } };
  });
  return {
    rows,
    columns,
    bytes: panels.reduce((sum, { stored }) => sum + bytesOf(...stored), 0),
    kernels: gatherKernelsOf(sparseKernels, variants),
    *steps(operand, scratch, pace) {
      for (const [i, panel] of panels.entries()) {
        const part = { ...operand, accumulate: operand.accumulate || i > 0 };
        yield* gatherSteps(sparseKernels, variants, { rows, columns, ...panel }, part, scratch, pace);
      }
    },
    free: () => buffers.free(...panels.flatMap(({ stored }) => stored)),
  };
}

/** The entries in columns [from, to), each row padded to whole quads by zeros in the first column. */
function pack({ rows, starts, columnOf, values }: SparseArrays, from: number, to: number) {
  const quadStarts = new Uint32Array(rows + 1);
  const inPanel = (e: number) => columnOf[e]! >= from && columnOf[e]! < to;
  let longest = 0;
  for (let i = 0; i < rows; i++) {
    let count = 0;
    for (let e = starts[i]!; e < starts[i + 1]!; e++) if (inPanel(e)) count++;
    const quads = Math.ceil(count / 4);
    quadStarts[i + 1] = quadStarts[i]! + quads;
    longest = Math.max(longest, quads);
  }
  // At least one quad, so that the bindings are as large as the shader's types.
  const length = Math.max(1, quadStarts[rows]!) * 4;
  const packed = new Float32Array(length);
  const columns = new Uint16Array(length);
  for (let i = 0; i < rows; i++) {
    let at = quadStarts[i]! * 4;
    for (let e = starts[i]!; e < starts[i + 1]!; e++) {
      if (!inPanel(e)) continue;
      packed[at] = values[e]!;
      columns[at++] = columnOf[e]! - from;
    }
  }
  return { starts: quadStarts, pairs: new Uint32Array(columns.buffer), values: packed, longest };
}
