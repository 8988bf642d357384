import { seeded } from '../../core/random';
import { gaussian } from '../../model/fixtures';
import { elements, type FloatType } from '../operator';
import type { Pattern } from './layouts/cells';
import type { LayoutName } from './layouts/places';
import { sparseOf } from './sparse';

const random = seeded(13);

/** A weight of which few values, or whole blocks, aren't zero, stored for `opset`. */
export const sparsely = (opset: number, shape: number[], share: number, more: Sparsely = {}) => {
  const { pattern = { kind: 'unstructured' }, type = 'float32', layout } = more;
  const inner = elements(shape.slice(1));
  const values = gaussian(random, shape);
  const [high, wide] = pattern.kind === 'block' ? [pattern.rows, pattern.columns] : [1, 1];
  const kept = new Map<string, boolean>();
  for (let i = 0; i < values.length; i++) {
    const cell = `${Math.floor(Math.floor(i / inner) / high)} ${Math.floor((i % inner) / wide)}`;
    if (!kept.has(cell)) kept.set(cell, random.uniform() < share);
    const inGroup = pattern.kind !== 'n:m' || (i + Math.floor(i / pattern.m)) % pattern.m < pattern.n;
    if (!kept.get(cell) || !inGroup) values[i] = 0;
  }
  return sparseOf(values, { shape, type, pattern, opset }, layout);
};

interface Sparsely {
  readonly pattern?: Pattern;
  readonly type?: FloatType;
  readonly layout?: LayoutName;
}
