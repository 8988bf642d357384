import { type Choice, sumOf } from './knapsack';

/**
 * The usual shortcut, for comparison: from the choices that cost least, again and again the one exchange that adds the
 * least cost for each unit of weight that it saves, until the weights stay within the budget. Undefined where they
 * cannot.
 */
export function greedy(layers: readonly (readonly Choice[])[], budget: number): number[] | undefined {
  const chosen = layers.map((choices) =>
    choices.reduce((best, { cost, weight }, c) => {
      const { cost: least, weight: lightest } = choices[best]!;
      return cost < least || (cost === least && weight < lightest) ? c : best;
    }, 0),
  );
  while (sumOf(layers, chosen, 'weight') > budget) {
    let best: { readonly layer: number; readonly choice: number; readonly price: number } | undefined;
    for (const [layer, choices] of layers.entries()) {
      const now = choices[chosen[layer]!]!;
      for (const [choice, { weight, cost }] of choices.entries()) {
        const saved = now.weight - weight;
        const price = (cost - now.cost) / saved;
        if (saved > 0 && price < (best?.price ?? Number.POSITIVE_INFINITY)) best = { layer, choice, price };
      }
    }
    if (!best) return undefined;
    chosen[best.layer] = best.choice;
  }
  return chosen;
}
