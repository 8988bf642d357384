/** A way to store one layer: what it takes, and what it costs. Any unit, as long as all choices have the same. */
export interface Choice {
  /** Of the budget: bytes, or milliseconds. 0 or more. */
  readonly weight: number;
  /** What is made as small as possible: the damage that this choice is expected to do. It may be negative. */
  readonly cost: number;
}

export interface Allocation {
  /** For each layer the index of its choice. */
  readonly chosen: readonly number[];
  readonly weight: number;
  readonly cost: number;
}

/** Into how many parts the budget is divided: weights are rounded up to whole parts. */
const BUCKETS = 10_000;

/**
 * The multiple-choice knapsack: one choice for each layer, so that the weights stay within the budget and the sum of the
 * costs is small. Undefined where even the lightest choices exceed the budget. The budget is never exceeded: weights
 * above each layer's lightest choice are rounded up to a ten-thousandth of what the budget leaves, which makes the
 * result exact where that loses nothing, and never dearer than the best allocation for a budget smaller by one such part a
 * layer. What rounding left is then spent on single layers. Dynamic programming over the parts of the budget, as in SPDY
 * (Frantar and Alistarh 2022, arXiv:2201.13096).
 */
export function knapsack(layers: readonly (readonly Choice[])[], budget: number): Allocation | undefined {
  const lightest = layers.map((choices) => argmin(choices, ({ weight, cost }) => [weight, cost]));
  const least = sumOf(layers, lightest, 'weight');
  if (!(least <= budget)) return undefined;
  const heaviest = layers.map((choices) => argmin(choices, ({ weight }) => [-weight, 0]));
  const room = Math.min(budget, sumOf(layers, heaviest, 'weight')) - least;
  const whole = room <= BUCKETS && layers.every((choices) => choices.every(({ weight }) => Number.isInteger(weight)));
  const part = whole ? 1 : room / BUCKETS;
  const buckets = part === 0 ? 0 : Math.floor(room / part + 1e-9);
  const chosen = byDynamicProgramming(layers, lightest, part, buckets);
  spendRest(layers, chosen, budget);
  return {
    chosen,
    weight: sumOf(layers, chosen, 'weight'),
    cost: sumOf(layers, chosen, 'cost'),
  };
}

function byDynamicProgramming(
  layers: readonly (readonly Choice[])[],
  lightest: readonly number[],
  part: number,
  buckets: number,
): number[] {
  const size = buckets + 1;
  let costs = new Float64Array(size);
  const taken = layers.map(() => new Uint16Array(size));
  for (const [i, choices] of layers.entries()) {
    const next = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
    const base = choices[lightest[i]!]!.weight;
    for (const [c, { weight, cost }] of choices.entries()) {
      const parts = weight === base ? 0 : partsOf(weight - base, part);
      for (let at = parts; at < size; at++) {
        const total = costs[at - parts]! + cost;
        if (total < next[at]!) {
          next[at] = total;
          taken[i]![at] = c;
        }
      }
    }
    costs = next;
  }
  const chosen = new Array<number>(layers.length);
  let at = buckets;
  for (let i = layers.length - 1; i >= 0; i--) {
    const c = taken[i]![at]!;
    chosen[i] = c;
    const { weight } = layers[i]![c]!;
    const base = layers[i]![lightest[i]!]!.weight;
    at -= weight === base ? 0 : partsOf(weight - base, part);
  }
  return chosen;
}

/** Rounded up, but for the error of the division itself. A part of nothing holds nothing. */
const partsOf = (weight: number, part: number): number =>
  part === 0 ? Number.POSITIVE_INFINITY : Math.ceil(weight / part - 1e-12);

/** Exchanges single choices for cheaper ones as long as the budget has room, the largest gain first. */
function spendRest(layers: readonly (readonly Choice[])[], chosen: number[], budget: number): void {
  for (;;) {
    const room = budget - sumOf(layers, chosen, 'weight');
    let best: { readonly layer: number; readonly choice: number; readonly gain: number } | undefined;
    for (const [layer, choices] of layers.entries()) {
      const now = choices[chosen[layer]!]!;
      for (const [choice, { weight, cost }] of choices.entries()) {
        const gain = now.cost - cost;
        if (gain > 0 && weight - now.weight <= room && gain > (best?.gain ?? 0)) best = { layer, choice, gain };
      }
    }
    if (!best) return;
    const before = chosen[best.layer]!;
    chosen[best.layer] = best.choice;
    // Summed in another order, the weights may round above the budget.
    if (sumOf(layers, chosen, 'weight') > budget) {
      chosen[best.layer] = before;
      return;
    }
  }
}

/** The index of the least choice; the second figure decides between equal ones. */
function argmin(choices: readonly Choice[], figures: (choice: Choice) => readonly [number, number]): number {
  let best = 0;
  let least = figures(choices[0]!);
  for (let c = 1; c < choices.length; c++) {
    const found = figures(choices[c]!);
    if (found[0] < least[0] || (found[0] === least[0] && found[1] < least[1])) [best, least] = [c, found];
  }
  return best;
}

export const sumOf = (
  layers: readonly (readonly Choice[])[],
  chosen: readonly number[],
  key: 'weight' | 'cost',
): number => layers.reduce((sum, choices, i) => sum + choices[chosen[i]!]![key], 0);
