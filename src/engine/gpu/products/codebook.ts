import { codeAt } from '../../backend/codes';
import type { CodebookArrays } from '../../backend/weights';
import { decodedSteps, decodingKernelsOf } from './decoded';
import { codebookKernels } from './decodingKernels';
import { inPanels } from './panels';
import { bytesOf, type PreparedForm, type ProductContext } from './product';

/** Codes into a table, rows padded to whole words. */
export function codebookWeight(context: ProductContext, weight: CodebookArrays): PreparedForm {
  const { buffers, variants } = context;
  const { rows, columns, bits, codes, table } = weight;
  const wordsPerRow = Math.ceil((columns * bits) / 32);
  const kernels = codebookKernels.get(bits)!;
  return inPanels(context, {
    rows,
    columns,
    bytesOf: () => 4 * wordsPerRow,
    prepare(first, count) {
      const words = new Uint32Array(count * wordsPerRow);
      for (let i = 0; i < count; i++) {
        for (let j = 0; j < columns; j++) {
          const bit = j * bits;
          const code = codeAt(codes, 0, (first + i) * columns + j, bits);
          words[i * wordsPerRow + (bit >> 5)]! |= code << (bit & 31);
        }
      }
      const what = `A [${count}, ${columns}] weight of ${bits}-bit codes`;
      const stored = [buffers.upload(words, what), buffers.upload(table, what)];
      const held = { rows: count, columns, extra: { wordsPerRow }, stored };
      return {
        rows: count,
        columns,
        bytes: bytesOf(...stored),
        kernels: decodingKernelsOf(kernels, count, variants),
        steps: (operand, scratch, pace) => decodedSteps(kernels, variants, held, operand, scratch, pace),
        free: () => buffers.free(...stored),
      };
    },
  });
}
