import { anyKernel } from '../kernel';
import { copyColumns } from './copyColumns';
import { copyColumnsKernel } from './kernels';
import type { PreparedForm, ProductContext } from './product';

/** How a weight is cut into units of rows. Each unit takes so many bytes of the form's largest buffer. */
interface Cut {
  readonly rows: number;
  readonly columns: number;
  /** Usually 1. */
  readonly unitRows?: number;
  bytesOf(unit: number): number;
  /** Prepares the rows [first, first + count) of the weight. */
  prepare(first: number, count: number): PreparedForm;
}

/**
 * Prepares a weight whole, or in panels of rows where its largest buffer is more than the adapter can bind. Each panel
 * computes its columns of y.
 */
export function inPanels({ panelBytes }: ProductContext, cut: Cut): PreparedForm {
  const { rows, columns } = cut;
  const starts = panelStarts(cut, panelBytes);
  if (starts.length === 1) return cut.prepare(0, rows);
  const panels: { product: PreparedForm; first: number }[] = [];
  const free = () => panels.forEach(({ product }) => void product.free());
  try {
    starts.forEach((first, at) => {
      panels.push({ product: cut.prepare(first, (starts[at + 1] ?? rows) - first), first });
    });
  } catch (error) {
    free();
    throw error;
  }
  return {
    rows,
    columns,
    bytes: panels.reduce((sum, { product }) => sum + product.bytes, 0),
    kernels: [...panels.flatMap(({ product }) => product.kernels), anyKernel(copyColumnsKernel)],
    *steps({ x, y, tokens, accumulate }, scratch, pace) {
      const part = scratch(tokens * Math.max(...panels.map(({ product }) => product.rows)));
      for (const { product, first } of panels) {
        yield* product.steps({ x, y: part, tokens, accumulate: false }, scratch, pace);
        const place = { columns: product.rows, written: product.rows, stride: rows, firstColumn: first };
        yield* copyColumns(part, y, tokens, { ...place, accumulate: Number(accumulate) });
      }
    },
    free,
  };
}

/** The first row of each panel. A single unit that is too large gets a panel, and its buffer reports the error. */
function panelStarts({ rows, unitRows = 1, bytesOf }: Cut, most: number): number[] {
  const starts = [0];
  let bytes = 0;
  for (let unit = 0; unit * unitRows < rows; unit++) {
    const own = bytesOf(unit);
    if (bytes > 0 && bytes + own > most) {
      starts.push(unit * unitRows);
      bytes = 0;
    }
    bytes += own;
  }
  return starts;
}
