import { type GpuMatrix, type Panel, panelRows } from '../panels';
import type { Product, ProductContext } from './product';

/** y = x·Wᵀ by panels of tokens: the panels of x, cut again where so many rows of y would be too large. */
export async function applyToPanels(
  { buffers, dispatcher, panelBytes }: ProductContext,
  { rows, columns, apply }: Pick<Product, 'rows' | 'columns' | 'apply'>,
  x: GpuMatrix,
  call: Parameters<Product['apply']>[2],
): Promise<GpuMatrix> {
  if (x.columns !== columns)
    throw new RangeError(`Tokens of ${x.columns} features do not meet a weight of ${columns}.`);
  // Intermediate results must fit too: copies with features padded to quads, and tokens padded to eights.
  const widest = 4 * Math.ceil(Math.max(rows, columns) / 4);
  const most = panelBytes - 7 * widest * 4;
  const panels: Panel[] = [];
  try {
    for (const panel of x.panels) {
      let first = 0;
      for (const tokens of panelRows(panel.rows, widest, most)) {
        const part = tokens === panel.rows ? panel.buffer : buffers.create(tokens * columns, 'A panel of tokens');
        try {
          if (part !== panel.buffer) dispatcher.copy(panel.buffer, part, tokens * columns, first * columns);
          const y = await apply(part, tokens, call);
          panels.push({ buffer: y, firstRow: panel.firstRow + first, rows: tokens });
        } finally {
          if (part !== panel.buffer) buffers.free(part);
        }
        first += tokens;
      }
    }
  } catch (error) {
    buffers.free(...panels.map(({ buffer }) => buffer));
    throw error;
  }
  return { rows: x.rows, columns: rows, panels };
}
