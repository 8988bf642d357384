import { elements, type Form, type Operator } from '../operator';
import { preparedFrom } from '../prepared';

declare module '../operator' {
  interface Forms {
    readonly sum: object;
  }
}

export const sumForm: Form<'sum'> = {
  describe: ({ children }) => children.map(({ form }) => form).join(' + '),
  keep: () => ({}),
  restore: ({ children }) => sum(children),
};

/** W = Σ parts, all of one shape: for example a low rank and a sparse remainder. */
export function sum(parts: readonly Operator[]): Operator {
  const total = (of: (part: Operator) => number) => parts.reduce((all, part) => all + of(part), 0);
  const { shape } = parts[0]!;
  const count = elements(shape);
  const sizes = { shape, children: parts };
  return {
    kind: 'sum',
    ...sizes,
    form: sumForm.describe(sizes),
    parameters: total((part) => part.parameters),
    bytes: total((part) => part.bytes),
    multiplyAdds: total((part) => part.multiplyAdds),
    with: sum,
    inputOf: (_, input) => input,
    async toDense(multiply) {
      const result = await parts[0]!.toDense(multiply);
      const all = result.slice();
      for (const part of parts.slice(1)) {
        const values = await part.toDense(multiply);
        for (let i = 0; i < all.length; i++) all[i]! += values[i]!;
      }
      return all;
    },
    prepare: (on) => preparedFrom(on, parts, (prepared) => on.sum(prepared)),
    rebuildBytes: total((part) => part.rebuildBytes) + 4 * count * (parts.length - 1),
    rebuild: (writer) =>
      parts.map((part) => part.rebuild(writer)).reduce((left, right) => writer.node('Add', [left, right])),
    write(writer, x, mode, stage) {
      const values = parts.map((part) => writer.apply(part, x, mode, { last: false, spatial: stage.spatial }));
      const before = values.slice(0, -1).reduce((left, right) => writer.node('Add', [left, right]));
      return writer.product('Add', [before, values.at(-1)!], {}, stage);
    },
  };
}
