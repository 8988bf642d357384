import { describe, expect, it } from 'vitest';
import { type Random, seeded } from '../core/random';
import { greedy } from './greedy';
import { type Choice, knapsack, sumOf } from './knapsack';

/** Layers whose heavier choices mostly cost less, some of them dominated. */
function layersOf(random: Random, count: number, most: number, whole: boolean): Choice[][] {
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + random.below(most) }, () => {
      const share = random.uniform();
      const weight = 5 + 95 * share;
      return { weight: whole ? Math.round(weight) : weight, cost: random.uniform() * (1.1 - share) - 0.02 };
    }),
  );
}

/**
 * max over λ ≥ 0 of Σ min(cost + λ·weight) − λ·budget: below every allocation within the budget. The function is concave
 * in λ: its slope is the weight of the minimising choices less the budget.
 */
function lagrangianBound(layers: readonly (readonly Choice[])[], budget: number): number {
  const at = (price: number) => {
    const chosen = layers.map((choices) => leastOf(choices, price));
    return {
      value: sumOf(layers, chosen, 'cost') + price * (sumOf(layers, chosen, 'weight') - budget),
      fits: sumOf(layers, chosen, 'weight') <= budget,
    };
  };
  const free = at(0);
  if (free.fits) return free.value;
  let [low, high] = [0, 1];
  let best = free.value;
  for (let i = 0; i < 200 && !at(high).fits; i++) high *= 2;
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    const { value, fits } = at(middle);
    best = Math.max(best, value);
    if (fits) high = middle;
    else low = middle;
  }
  return Math.max(best, at(high).value);
}

/** The index of the choice with the least cost at a price of the weight; of equal ones, the lightest. */
const leastOf = (choices: readonly Choice[], price: number): number =>
  choices.reduce((best, { weight, cost }, c) => {
    const least = choices[best]!;
    const difference = cost + price * weight - (least.cost + price * least.weight);
    return difference < 0 || (difference === 0 && weight < least.weight) ? c : best;
  }, 0);

/** Every allocation within the budget; the best one. */
function bruteForce(layers: readonly (readonly Choice[])[], budget: number): number | undefined {
  let best: number | undefined;
  const visit = (layer: number, weight: number, cost: number) => {
    if (weight > budget) return;
    if (layer === layers.length) {
      if (best === undefined || cost < best) best = cost;
      return;
    }
    for (const choice of layers[layer]!) visit(layer + 1, weight + choice.weight, cost + choice.cost);
  };
  visit(0, 0, 0);
  return best;
}

describe('the multiple-choice knapsack', () => {
  it('finds the best allocation of whole weights', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = seeded(seed);
      const layers = layersOf(random, 1 + random.below(6), 5, true);
      const budget = Math.round(layers.length * (5 + 70 * random.uniform()));
      const best = bruteForce(layers, budget);
      const found = knapsack(layers, budget);
      if (best === undefined) {
        expect(found, `seed ${seed}`).toBeUndefined();
        continue;
      }
      // Costs are summed in another order.
      expect(Math.abs(found!.cost - best), `seed ${seed}`).toBeLessThan(1e-12);
      expect(found!.weight).toBeLessThanOrEqual(budget);
      expect(lagrangianBound(layers, budget)).toBeLessThanOrEqual(best + 1e-9);
    }
  });

  it('keeps to the stated bound where weights are rounded', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = seeded(1000 + seed);
      const layers = layersOf(random, 1 + random.below(6), 5, false);
      const budget = layers.length * (5 + 70 * random.uniform());
      const best = bruteForce(layers, budget);
      const found = knapsack(layers, budget);
      expect(found === undefined, `seed ${seed}`).toBe(best === undefined);
      if (!found) continue;
      expect(found.weight).toBeLessThanOrEqual(budget);
      expect(found.cost).toBeGreaterThanOrEqual(best! - 1e-12);
      expect(lagrangianBound(layers, budget)).toBeLessThanOrEqual(best! + 1e-9);
      // One part a layer less.
      const least = layers.reduce((sum, choices) => sum + Math.min(...choices.map(({ weight }) => weight)), 0);
      const smaller = bruteForce(layers, budget - (layers.length * (budget - least)) / 10_000);
      if (smaller !== undefined) expect(found.cost).toBeLessThanOrEqual(smaller + 1e-12);
      expect(sumOf(layers, found.chosen, 'cost')).toBe(found.cost);
    }
  });

  it('takes the lightest choices where the budget holds nothing else, and says where it holds none', () => {
    const layers = [
      [
        { weight: 10, cost: 0 },
        { weight: 4.5, cost: 1 },
        { weight: 4.5, cost: 0.5 },
      ],
      [{ weight: 3, cost: 2 }],
    ];
    expect(knapsack(layers, 7.5)!.chosen).toEqual([2, 0]);
    expect(knapsack(layers, 7.49)).toBeUndefined();
    expect(knapsack(layers, Number.POSITIVE_INFINITY)!.chosen).toEqual([0, 0]);
    expect(knapsack([], 0)!.cost).toBe(0);
  });

  it('never costs more than greedy on many layers, and is close to its bound', () => {
    for (let seed = 0; seed < 5; seed++) {
      const random = seeded(2000 + seed);
      const layers = layersOf(random, 200, 20, false).map((choices) => [...choices, { weight: 100, cost: 0 }]);
      const least = layers.reduce((sum, choices) => sum + Math.min(...choices.map(({ weight }) => weight)), 0);
      const budget = 1.5 * least;
      const found = knapsack(layers, budget)!;
      const other = greedy(layers, budget)!;
      expect(sumOf(layers, other, 'weight')).toBeLessThanOrEqual(budget);
      expect(found.weight).toBeLessThanOrEqual(budget);
      expect(found.cost).toBeLessThanOrEqual(sumOf(layers, other, 'cost'));
      // 200 layers lose at most 2 % of the budget to rounding, and much of it is spent again.
      const bound = lagrangianBound(layers, budget);
      expect(found.cost - bound).toBeLessThan(0.02 * Math.abs(bound) + 0.02);
    }
  });
});
