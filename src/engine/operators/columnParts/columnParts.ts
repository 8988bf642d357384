import { DataType } from '../../model/onnx/build';
import { elements, type Form, type NodeWriter, type Operator } from '../operator';
import { preparedFrom } from '../prepared';
import { selected } from '../statistics';
import { type StoredArray, stored } from '../stored';

declare module '../operator' {
  interface Forms {
    /** The columns of each child (int32): entry i is the column of W that column i of the child is. */
    readonly columnParts: { readonly columns: readonly StoredArray[] };
  }
}

export const columnPartsForm: Form<'columnParts', { readonly columns: readonly StoredArray[] }> = {
  describe: ({ children }) => children.map(({ shape, form }) => `${shape[1]} columns ${form}`).join(' + '),
  keep: ({ columns }) => ({ columns }),
  restore: ({ children, columns }) => columnParts(children.map((operator, i) => ({ operator, columns: columns[i]! }))),
};

/** An operator for some of the columns. Entry i of `columns` (int32) is the column of W that its column i is. */
export interface ColumnPart {
  readonly columns: StoredArray;
  readonly operator: Operator;
}

/**
 * W [out, in] in parts of whole columns, each in its own form. Each column is in one part. x·Wᵀ is the sum of the
 * parts' products with their columns of x. The nodes need opset 11.
 */
export function columnParts(parts: readonly ColumnPart[]): Operator {
  const out = parts[0]!.operator.shape[0]!;
  const inner = parts.reduce((sum, { operator }) => sum + operator.shape[1]!, 0);
  const total = (of: (operator: Operator) => number) => parts.reduce((sum, { operator }) => sum + of(operator), 0);
  const indexBytes = parts.reduce((sum, { columns }) => sum + columns.bytes, 0);
  const sizes = {
    columns: parts.map(({ columns }) => columns),
    shape: [out, inner],
    children: parts.map(({ operator }) => operator),
  };
  return {
    kind: 'columnParts',
    ...sizes,
    form: columnPartsForm.describe(sizes),
    parameters: total(({ parameters }) => parameters),
    bytes: total(({ bytes }) => bytes) + indexBytes,
    multiplyAdds: total(({ multiplyAdds }) => multiplyAdds),
    with: (children) => columnParts(parts.map(({ columns }, i) => ({ columns, operator: children[i]! }))),
    inputOf: async (index, input) => selected(input, await indicesOf(parts[index]!.columns)),
    async toDense(multiply) {
      const whole = new Float32Array(out * inner);
      for (const { columns, operator } of parts) {
        const [values, indices] = [await operator.toDense(multiply), await indicesOf(columns)];
        const width = indices.length;
        for (let i = 0; i < out; i++) {
          for (let j = 0; j < width; j++) whole[i * inner + indices[j]!] = values[i * width + j]!;
        }
      }
      return whole;
    },
    prepare: (on) =>
      preparedFrom(on, sizes.children, async (prepared) => {
        const indices = await Promise.all(parts.map(({ columns }) => indicesOf(columns)));
        return on.columnParts(prepared.map((weight, i) => ({ weight, columns: indices[i]! })));
      }),
    // The parts side by side, the same in order, and the places of their columns.
    rebuildBytes: total(({ rebuildBytes }) => rebuildBytes) + 8 * out * inner + 16 * inner,
    rebuild(writer) {
      const whole = joined(
        writer,
        parts.map(({ operator }) => operator.rebuild(writer)),
        1,
      );
      const order = joined(
        writer,
        parts.map(({ columns }) => writer.constant(columns)),
        0,
      );
      // Sorting the columns' places says where each of them stands.
      const [, places] = writer.nodeOf('TopK', [order, writer.int64([inner])], 2, { axis: 0, largest: 0, sorted: 1 });
      return writer.node('Gather', [whole, places!], { axis: 1 });
    },
    writes: (mode) => mode === 'rows',
    write(writer, x, mode, stage) {
      const values = parts.map(({ columns, operator }) => {
        const own = writer.node('Gather', [x, writer.constant(columns)], { axis: -1 });
        return writer.apply(operator, own, mode, { last: false, spatial: false });
      });
      const before = values.slice(0, -1).reduce((left, right) => writer.node('Add', [left, right]));
      return writer.product('Add', [before, values.at(-1)!], {}, stage);
    },
  };
}

/** The places of a part's columns, as they are stored. */
export const columnsOf = (places: readonly number[]): StoredArray =>
  stored('columns', [places.length], DataType.INT32, Int32Array.from(places));

async function indicesOf(columns: StoredArray): Promise<Int32Array> {
  return new Int32Array((await columns.read()).slice().buffer, 0, elements(columns.dims));
}

const joined = (writer: NodeWriter, values: readonly string[], axis: number): string =>
  writer.node('Concat', values, { axis });
