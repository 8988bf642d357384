import type { GroupArrays } from '../../backend/weights';
import { gatherKernelsOf, gatherSteps } from './gather';
import { nmKernels } from './gatherKernels';
import { inPanels } from './panels';
import { bytesOf, type PreparedForm, type ProductContext } from './product';

/** n values of every m columns with their places in 1, 2 or 4 bits: 2:4 takes 34 bits a value, 0.53 of dense. */
export function groupWeight(context: ProductContext, weight: GroupArrays): PreparedForm {
  const { rows, columns, n, m, values, places } = weight;
  if (!(n >= 1 && n <= m && m <= 16)) throw new RangeError(`${n} of ${m} columns: take 1 ≤ n ≤ m ≤ 16.`);
  const perRow = Math.ceil(columns / m) * n;
  if (values.length !== rows * perRow || places.length !== values.length || places.some((place) => place >= m)) {
    throw new RangeError(`${values.length} values do not fill a [${rows}, ${columns}] weight that keeps ${n} of ${m}.`);
  }
  return inPanels(context, {
    rows,
    columns,
    bytesOf: () => 16 * Math.ceil(perRow / 4),
    prepare: (first, count) =>
      whole(context, {
        ...weight,
        rows: count,
        values: values.subarray(first * perRow, (first + count) * perRow),
        places: places.subarray(first * perRow, (first + count) * perRow),
      }),
  });
}

function whole({ buffers, variants }: ProductContext, weight: GroupArrays): PreparedForm {
  const { rows, columns, n, m, values, places } = weight;
  const perRow = Math.ceil(columns / m) * n;
  const placeBits = m <= 2 ? 1 : m <= 4 ? 2 : 4;
  const quadsPerRow = Math.ceil(perRow / 4);
  const wordsPerRow = Math.ceil((quadsPerRow * 4 * placeBits) / 32);
  const padded = new Float32Array(rows * quadsPerRow * 4);
  const words = new Uint32Array(rows * wordsPerRow);
  for (let i = 0; i < rows; i++) {
    padded.set(values.subarray(i * perRow, (i + 1) * perRow), i * quadsPerRow * 4);
    for (let e = 0; e < perRow; e++) {
      const bit = e * placeBits;
      words[i * wordsPerRow + (bit >> 5)]! |= places[i * perRow + e]! << (bit & 31);
    }
  }
  const what = `A [${rows}, ${columns}] weight with ${n} of ${m}`;
  const stored = [buffers.upload(words, what), buffers.upload(padded, what)];
  const kernels = nmKernels.get(placeBits)!;
  const extra = { kept: n, group: m, quadsPerRow, wordsPerRow };
  return {
    rows,
    columns,
    bytes: bytesOf(...stored),
    kernels: gatherKernelsOf(kernels, variants),
    steps: (operand, scratch, pace) =>
      gatherSteps(kernels, variants, { rows, columns, longest: quadsPerRow, extra, stored }, operand, scratch, pace),
    free: () => buffers.free(...stored),
  };
}
