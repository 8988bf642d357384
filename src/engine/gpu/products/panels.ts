import type { WeightForm } from '../../weightForm';
import { copyColumns } from './copyColumns';
import { halfRowBytes } from './dense';
import { copyColumnsKernel } from './kernels';
import { anyKernel, type PreparedForm, type ProductContext } from './product';

/** How a form is cut: in units of rows, each of which takes so many bytes of the form's largest buffer. */
interface Cut {
  readonly unitRows: number;
  bytesOf(unit: number): number;
  /** The rows [first, first + count) of the weight. */
  slice(first: number, count: number): WeightForm;
}

/**
 * A weight whose largest buffer the adapter cannot bind, as panels of rows that it can: each makes its columns of y.
 * Undefined where the form fits as it is, and for those whose parts are prepared on their own or are small by nature.
 */
export function prepareInPanels(
  context: ProductContext,
  form: WeightForm,
  prepare: (form: WeightForm) => PreparedForm,
): PreparedForm | undefined {
  const cut = cutOf(form);
  if (!cut || !('rows' in form)) return undefined;
  const starts = panelStarts(cut, form.rows, context.panelBytes);
  if (starts.length === 1) return undefined;
  const panels: { product: PreparedForm; first: number }[] = [];
  const free = () => panels.forEach(({ product }) => void product.free());
  try {
    starts.forEach((first, at) => {
      panels.push({ product: prepare(cut.slice(first, (starts[at + 1] ?? form.rows) - first)), first });
    });
  } catch (error) {
    free();
    throw error;
  }
  const { rows, columns } = form;
  const total = (count: (product: PreparedForm) => number) =>
    panels.reduce((sum, { product }) => sum + count(product), 0);
  return {
    rows,
    columns,
    bytes: total(({ bytes }) => bytes),
    multiplyAdds: total(({ multiplyAdds }) => multiplyAdds),
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

/** The first row of each panel; a unit that is too large alone is left to tell so itself. */
function panelStarts({ unitRows, bytesOf }: Cut, rows: number, most: number): number[] {
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

function cutOf(form: WeightForm): Cut | undefined {
  switch (form.kind) {
    case 'dense': {
      const { columns, values } = form;
      return {
        unitRows: 1,
        bytesOf: () => (values instanceof Uint16Array ? halfRowBytes(columns) : 4 * columns),
        slice: (first, rows) => ({ ...form, rows, values: values.subarray(first * columns, (first + rows) * columns) }),
      };
    }
    case 'quantized': {
      const { columns, bits, blockSize, codes, scales, zeroPoints } = form;
      const blocks = Math.ceil(columns / blockSize);
      const rowBytes = (blocks * blockSize * bits) / 8;
      const zeroBytes = Math.ceil((blocks * bits) / 8);
      return {
        unitRows: 1,
        bytesOf: () => Math.max(Math.ceil(rowBytes / 4) * 4, 4 * blocks),
        slice: (first, rows) => ({
          ...form,
          rows,
          codes: codes.subarray(first * rowBytes, (first + rows) * rowBytes),
          scales: scales.subarray(first * blocks, (first + rows) * blocks),
          zeroPoints: zeroPoints?.subarray(first * zeroBytes, (first + rows) * zeroBytes),
        }),
      };
    }
    case 'nm': {
      const { columns, n, m, values, places } = form;
      const perRow = Math.ceil(columns / m) * n;
      return {
        unitRows: 1,
        bytesOf: () => 16 * Math.ceil(perRow / 4),
        slice: (first, rows) => ({
          ...form,
          rows,
          values: values.subarray(first * perRow, (first + rows) * perRow),
          places: places.subarray(first * perRow, (first + rows) * perRow),
        }),
      };
    }
    case 'sparse': {
      const { starts, values, columnOf } = form;
      return {
        unitRows: 1,
        // Rows are padded to whole quads.
        bytesOf: (row) => 16 * Math.ceil((starts[row + 1]! - starts[row]!) / 4),
        slice(first, rows) {
          const [from, to] = [starts[first]!, starts[first + rows]!];
          return {
            ...form,
            rows,
            starts: starts.slice(first, first + rows + 1).map((start) => start - from),
            columnOf: columnOf.subarray(from, to),
            values: values.subarray(from, to),
          };
        },
      };
    }
    case 'blockSparse': {
      const { height, width, starts, values, columnOf } = form;
      const block = height * width;
      return {
        unitRows: height,
        bytesOf: (row) => 4 * block * (starts[row + 1]! - starts[row]!),
        slice(first, rows) {
          const [begin, end] = [first / height, Math.ceil((first + rows) / height)];
          const [from, to] = [starts[begin]!, starts[end]!];
          return {
            ...form,
            rows,
            starts: starts.slice(begin, end + 1).map((start) => start - from),
            columnOf: columnOf.subarray(from, to),
            values: values.subarray(from * block, to * block),
          };
        },
      };
    }
    default:
      return undefined;
  }
}
