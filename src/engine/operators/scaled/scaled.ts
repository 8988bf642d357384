import { denseForm } from '../dense/dense';
import { BYTES_OF, type Dense, elements, type Form, type Mode, type Operator } from '../operator';
import { preparedFrom } from '../prepared';
import { scaledBy } from '../statistics';

declare module '../operator' {
  interface Forms {
    /** One scale for each column, [1, in]. */
    readonly scaled: { readonly scales: Dense };
  }
}

export const scaledForm: Form<'scaled', { readonly scales: Dense }> = {
  describe: ({ children }) => children[0]!.form,
  keep: ({ scales }) => ({ scales }),
  restore: ({ children: [inner], scales }) => scaled(inner!, scales),
  fill: ({ scales }, [inner], random) => scaled(inner!, denseForm.fill!(scales, [], random) as Dense),
};

/**
 * W = inner·diag(d): each column of `inner` [out, in, …kernel] times its scale. `scales` is a leaf [1, in]. Methods do
 * not rewrite it, since it is too small to gain from.
 */
export function scaled(inner: Operator, scales: Dense): Operator {
  const columns = inner.shape[1]!;
  const kernel = inner.shape.slice(2);
  const taps = elements(kernel);
  /** A scale for each column of [out, in·taps]. */
  const onEachTap = async () => {
    const d = await scales.toDense();
    return Float32Array.from({ length: columns * taps }, (_, i) => d[Math.floor(i / taps)]!);
  };
  const sizes = { scales, shape: inner.shape, children: [inner] };
  return {
    kind: 'scaled',
    ...sizes,
    form: scaledForm.describe(sizes),
    parameters: inner.parameters + scales.parameters,
    bytes: inner.bytes + scales.bytes,
    multiplyAdds: inner.multiplyAdds + columns,
    with: ([next]) => scaled(next!, scales),
    inputOf: async (_, input) => scaledBy(input, await onEachTap()),
    async toDense(multiply) {
      const values = (await inner.toDense(multiply)).slice();
      const d = await scales.toDense();
      for (let i = 0; i < values.length; i++) values[i]! *= d[Math.floor(i / taps) % columns]!;
      return values;
    },
    prepare: (on) => preparedFrom(on, [inner], async ([prepared]) => on.scaled(prepared!, await onEachTap())),
    rebuildBytes: inner.rebuildBytes + scales.rebuildBytes + BYTES_OF.float32 * elements(inner.shape),
    rebuild: (writer) =>
      writer.node('Mul', [
        inner.rebuild(writer),
        writer.node('Reshape', [scales.rebuild(writer), writer.int64([1, columns, ...kernel.map(() => 1)])]),
      ]),
    writes: (mode) => mode === 'rows' || mode === 'columns' || mode === 'conv',
    write(writer, x, mode, stage) {
      const dims: Partial<Record<Mode, readonly number[]>> = {
        rows: [columns],
        columns: [columns, 1],
        conv: [columns, ...kernel.map(() => 1)],
      };
      const d = writer.node('Reshape', [scales.rebuild(writer), writer.int64(dims[mode]!)]);
      return writer.apply(inner, writer.node('Mul', [x, d]), mode, stage);
    },
  };
}
