import type { PreparedWeight, WeightMaker } from '../../backend/weights';
import { matrixOf } from '../operator';
import type { Pattern } from './layouts/cells';
import { type Places, positionsOf } from './layouts/places';

/** The largest group that the kernels take. */
const MOST_IN_GROUP = 16;

/**
 * Lays the weight out as kernels read it: n of every m where the stored layout has exactly that, blocks, or else
 * compressed rows. Padding of the stored layout is left out of compressed rows. `values` are those of all entries,
 * decoded if they are stored in another form.
 */
export async function prepared<P extends PreparedWeight>(
  on: WeightMaker<P>,
  shape: readonly number[],
  pattern: Pattern,
  places: Places,
  values: Float32Array,
): Promise<P> {
  const [rows, columns] = matrixOf(shape);
  const { grid, layout } = places;
  const positions = await positionsOf(places);
  const { group } = grid;
  if (layout === 'groups' && group && group.m <= MOST_IN_GROUP) {
    return on.groups({ rows, columns, ...group, values, places: Uint8Array.from(positions, (at) => at % group.m) });
  }
  const isBlock = pattern.kind === 'block';
  const kept = isBlock ? positions : positions.filter((_, entry) => values[entry] !== 0);
  const starts = new Uint32Array(grid.rows + 1);
  for (const position of kept) starts[Math.floor(position / grid.columns) + 1]!++;
  for (let row = 0; row < grid.rows; row++) starts[row + 1]! += starts[row]!;
  const columnOf = Uint32Array.from(kept, (position) => position % grid.columns);
  if (isBlock) {
    return on.blocks({ rows, columns, height: pattern.rows, width: pattern.columns, starts, columnOf, values });
  }
  return on.sparse({ rows, columns, starts, columnOf, values: values.filter((value) => value !== 0) });
}
