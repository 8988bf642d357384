import { dense, denseOf, plannedDense } from '../dense/dense';
import { addedBytes } from '../export/graphOverhead';
import { reshaped } from '../export/nodes';
import {
  BYTES_OF,
  type Dense,
  elements,
  type FloatType,
  type Form,
  isDense,
  type NodeWriter,
  type Operator,
  type OperatorOf,
} from '../operator';
import { percent } from '../percent';
import { randomInGroups, randomPlaces, randomValues } from '../randomContents';
import { storedAs } from '../tree';
import { fromCells, gridOf, type Pattern, shapingBytes, toCells, writeFromCells } from './layouts/cells';
import { cellsOf, type Grid, type Layout, type Values } from './layouts/layout';
import {
  LAYOUTS,
  type LayoutName,
  type Places,
  type PlacesTarget,
  placesOf,
  plannedPlaces,
  positionsOf,
} from './layouts/places';
import { prepared } from './prepared';

/** What a sparse operator is made for. */
export interface SparseTarget {
  readonly shape: readonly number[];
  readonly type: FloatType;
  readonly pattern: Pattern;
  /** Of the model's standard operators. */
  readonly opset: number;
  /** How many elements are not padding, where some are. The description counts the kept weights as a share of these. */
  readonly weights?: number;
}

import type { Random } from '../../core/random';

declare module '../operator' {
  interface Forms {
    readonly sparse: { readonly target: SparseTarget; readonly places: Places };
  }
}

export const sparseForm: Form<'sparse', { readonly target: SparseTarget; readonly places: Places }> = {
  describe: ({ target, places, children }) =>
    `sparse ${nameOf(target.pattern)}${percent(sparsityOf(target, places))}${storedAs(children)}`,
  keep: ({ target, places }) => ({ target, places }),
  restore: ({ target, places, children: [values] }) => sparse(target, places, values!),
  fill: ({ target, places }, [values], random) => filled(target, places, values!, random),
};

/** The share of zeros. */
export const sparsityOf = ({ weights }: SparseTarget, { kept, grid }: Places): number =>
  1 - kept / (weights ?? cellsOf(grid));

/**
 * W that is zero except at its places, seen as [out, in·taps]. `values`, [1, entries], are a child, so other methods
 * can make them smaller. Arrays beside them say where they lie. The exported model rebuilds it, since no runtime
 * multiplies by it as it is. Where the values are sparse themselves, as after pruning twice, both are merged.
 */
export function sparse(target: SparseTarget, places: Places, given: Operator): Operator {
  const values = isDense(given) ? withPadding(given, places) : given;
  const { shape, pattern } = target;
  const { grid, layout, entries } = places;
  const form: Layout = LAYOUTS[layout];
  const dims = form.dims(grid);
  const turns = form.transposeBytes && pattern.kind !== 'block' && shape.length === 2;
  const rebuild = (writer: NodeWriter, turned: boolean) => {
    const held: Values = (as, transposed = false) => {
      if (isDense(values)) return writer.leaf(values, transposed, as);
      const shaped = reshaped(writer, values.rebuild(writer), as);
      return transposed ? writer.node('Transpose', [shaped], { perm: [1, 0] }) : shaped;
    };
    const arrays = places.arrays.map((array) => writer.constant(array));
    return form.rebuild(writer, arrays, held, grid, { entries, turned });
  };
  const sizes = { target, places, shape, children: [values] };
  const operator: OperatorOf<'sparse'> = {
    kind: 'sparse',
    ...sizes,
    form: sparseForm.describe(sizes),
    parameters: values.parameters,
    bytes: values.bytes + places.arrays.reduce((sum, { bytes }) => sum + bytes, 0),
    multiplyAdds: values.multiplyAdds,
    ...(places.estimated && { estimated: true }),
    with: ([next]) => sparse(target, places, next!),
    async toDense(multiply) {
      const held = await values.toDense(multiply);
      const cells = new Float32Array(cellsOf(grid) * grid.cell);
      const positions = await positionsOf(places);
      for (let entry = 0; entry < positions.length; entry++) {
        const to = positions[entry]! * grid.cell;
        for (let i = 0; i < grid.cell; i++) cells[to + i] = held[entry * grid.cell + i]!;
      }
      return fromCells(cells, shape, pattern, grid);
    },
    prepare: async (on) => prepared(on, shape, pattern, places, await values.toDense()),
    rebuildBytes:
      values.rebuildBytes +
      (isDense(values) ? 0 : BYTES_OF.float32 * entries * grid.cell) +
      form.rebuildBytes(grid, entries) +
      shapingBytes(shape, pattern, grid, dims),
    sharedBytes: form.sharedBytes(grid),
    rebuild(writer) {
      const cells = rebuild(writer, false);
      if (pattern.kind === 'block') return writeFromCells(writer, cells, shape, pattern, grid);
      return `${dims}` === `${shape}` ? cells : reshaped(writer, cells, shape);
    },
    ...(turns && {
      rebuildTransposed(writer) {
        const turned = rebuild(writer, true);
        return dims.length === 2 ? turned : reshaped(writer, turned, [shape[1]!, shape[0]!]);
      },
      transposingBytes: form.transposeBytes!(grid, entries),
    }),
  };
  return values.kind === 'sparse' ? { ...operator, ...merging(operator, values, target) } : operator;
}

/** The values as a leaf that counts the padding of the layout. */
function withPadding(values: Dense, { kept, grid }: Places): Dense {
  const parameters = kept * grid.cell;
  if (values.parameters === parameters) return values;
  return dense(values.shape, values.type, () => values.toDense(), values.key, parameters);
}

/**
 * Stores what two masks keep with one mask. Both masks stay where they take less, nodes included: a mask of blocks
 * beside a mask of the weights in blocks, since a single mask has a bit for each weight; or where so few weights are
 * left that steps over gaps are most of what is stored.
 */
function merging(
  outer: Operator,
  { places, children }: OperatorOf<'sparse'>,
  target: SparseTarget,
): Pick<Operator, 'merging'> {
  const [values] = children;
  const { opset } = target;
  if (!values || !isDense(values)) return {};
  const pattern: Pattern = target.pattern.kind === 'block' ? { kind: 'unstructured' } : target.pattern;
  const whole: SparseTarget = { ...target, pattern, type: values.type };
  const smaller = (one: Operator) => (addedBytes(one, outer, { op: 'MatMul', opset }) < 0 ? one : outer);
  return {
    merging: {
      fromValues: async () => smaller(await sparseOf(await outer.toDense(), whole)),
      // Blocks at the edges reach beyond the weight.
      fromSizes: () =>
        smaller(plannedSparse(whole, Math.min(elements(target.shape), places.kept * places.grid.cell), false)),
    },
  };
}

/** Stores the values that are not zero, in the smallest layout, or in the one called `layout`. */
export async function sparseOf(values: Float32Array, target: SparseTarget, layout?: LayoutName): Promise<Operator> {
  const { shape, type, pattern } = target;
  const grid = gridOf(shape, pattern);
  const cells = toCells(values, shape, pattern, grid);
  const positions = new Int32Array(cellsOf(grid));
  let kept = 0;
  for (let position = 0; position < positions.length; position++) {
    let any = false;
    for (let i = position * grid.cell; i < (position + 1) * grid.cell; i++) any ||= cells[i] !== 0;
    if (any) positions[kept++] = position;
  }
  // Runtimes have problems with empty tensors: a weight of zeros keeps its first element.
  const places = placesOf(targetOf(target, grid), positions.subarray(0, Math.max(1, kept)), layout);
  const held = new Float32Array(places.entries * grid.cell);
  for (const [entry, position] of (await positionsOf(places)).entries()) {
    for (let i = 0; i < grid.cell; i++) held[entry * grid.cell + i] = cells[position * grid.cell + i]!;
  }
  return sparse(target, places, denseOf([1, held.length], type, held));
}

/** A sparse operator of a plan: `kept` weights or blocks, equally many in each row where `sameInRows`. */
export function plannedSparse(target: SparseTarget, kept: number, sameInRows: boolean): Operator {
  const { shape, type, pattern } = target;
  const grid = gridOf(shape, pattern);
  const places = plannedPlaces(targetOf(target, grid), kept, sameInRows);
  return sparse(target, places, plannedDense([1, places.entries * grid.cell], type));
}

/** Random places, as many as are planned. The layout stores exactly these, or n of every m. */
function filled(target: SparseTarget, places: Places, values: Operator, random: Random): Operator {
  const { grid, layout, kept } = places;
  const count = isDense(values) ? kept : places.entries;
  const grouped = layout === 'groups' && grid.group;
  const positions = grouped ? randomInGroups(random, grid, grouped) : randomPlaces(random, cellsOf(grid), count);
  const at = placesOf(targetOf(target, grid), positions, grouped ? layout : 'bitmask');
  const { entries } = at;
  if (!isDense(values)) return sparse(target, at, values);
  return sparse(target, at, denseOf([1, entries * grid.cell], values.type, randomValues(random, entries * grid.cell)));
}

const targetOf = ({ type, opset }: SparseTarget, grid: Grid): PlacesTarget => ({
  grid,
  opset,
  valueBytes: BYTES_OF[type],
});

const nameOf = (pattern: Pattern): string =>
  pattern.kind === 'n:m'
    ? `${pattern.n}:${pattern.m} `
    : pattern.kind === 'block'
      ? `${pattern.rows}×${pattern.columns} `
      : '';
