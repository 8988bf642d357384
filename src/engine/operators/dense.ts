import { BYTES_OF, type Dense, type FloatType } from './operator';

/** A weight as it is: `load` reads its values, row-major in `shape`, each time they are needed. */
export function dense(
  shape: readonly number[],
  type: FloatType,
  load: () => Promise<Float32Array<ArrayBuffer>>,
  key?: string,
): Dense {
  const parameters = shape.reduce((product, size) => product * size, 1);
  const leaf: Dense = {
    kind: 'dense',
    form: 'dense',
    shape,
    type,
    ...(key !== undefined && { key }),
    parameters,
    bytes: parameters * BYTES_OF[type],
    multiplyAdds: parameters,
    toDense: () => load(),
    mapLeaves: (rewrite) => rewrite(leaf),
    write: (writer, x, mode, stage) => writer.applyDense(leaf, x, mode, stage),
  };
  return leaf;
}

/** A dense leaf over values in memory. */
export const denseOf = (shape: readonly number[], type: FloatType, values: Float32Array<ArrayBuffer>): Dense =>
  dense(shape, type, async () => values);
