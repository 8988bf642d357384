import { describe, expect, it } from 'vitest';
import { seeded } from '../core/random';
import type { Layer } from '../model/layers';
import { keyOfAssignment, type LayerOptions, layerBytes } from './assignments';
import { Costs } from './costs';
import type { LayerOption } from './options';
import { offspringOf } from './swaps';

/** A layer whose options halve their bytes and double their error from one to the next; the first is the layer itself. */
const layerOf = (options: number): LayerOptions => ({
  layer: {} as Layer,
  options: Array.from(
    { length: options },
    (_, i): LayerOption => ({
      steps: [],
      title: `${i}`,
      line: '',
      bytes: 1024 >> i,
      effort: 1,
      estimatedError: i === 0 ? 0 : 0.01 * 2 ** i,
    }),
  ),
});

describe('expected costs', () => {
  it('are as measured, and interpolated between: damage that grows with the square of the error is met exactly', () => {
    const costs = new Costs([layerOf(6), layerOf(6)]);
    const damage = (option: number) => 3 * (0.01 * 2 ** option) ** 2;
    for (const option of [1, 5]) costs.set(0, option, damage(option));
    for (const option of [1, 2, 3, 4, 5]) expect(costs.of(0, option) / damage(option)).toBeCloseTo(1, 10);
    expect(costs.of(0, 0)).toBe(0);
    // Nothing is known of the other layer, which is taken for an average one.
    expect(costs.of(1, 3) / damage(3)).toBeCloseTo(1, 10);
  });

  it('are corrected by half of what was expected wrongly, and learn what layers cost together', () => {
    const costs = new Costs([layerOf(4), layerOf(4)]);
    for (const layer of [0, 1]) for (const option of [1, 2, 3]) costs.set(layer, option, option);
    expect(costs.total([2, 3])).toBe(5);
    costs.scaleBy([2, 3], 10);
    expect(costs.total([2, 3])).toBe(10);
    const [from, to] = [
      [2, 3],
      [3, 3],
    ];
    // Expected: 2 more. Seen: 6 more, again and again.
    let missed = 4;
    for (let i = 0; i < 5; i++) {
      costs.learn(from, to, 6);
      missed /= 2;
      expect(6 - costs.change(from, to)).toBeCloseTo(missed, 10);
    }
  });
});

it('offspring stay within the budget, differ, and are new', () => {
  const layers = Array.from({ length: 12 }, () => layerOf(6));
  const costs = new Costs(layers);
  for (const layer of layers.keys())
    for (const option of [1, 3, 5]) costs.set(layer, option, (layer + 1) * 4 ** option);
  const parent = layers.map(() => 2);
  const budget = layerBytes(layers, parent);
  const known = new Set([keyOfAssignment(parent)]);
  for (let seed = 0; seed < 20; seed++) {
    const found = offspringOf(parent, layers, costs, budget, { count: 8, random: seeded(seed), known });
    expect(found).toHaveLength(8);
    for (const child of found) {
      expect(layerBytes(layers, child)).toBeLessThanOrEqual(budget);
      expect(known.has(keyOfAssignment(child))).toBe(false);
      known.add(keyOfAssignment(child));
    }
  }
});
