import type { SearchPoint, SearchReport } from '../../engine/page/light';

/** A dot as a search finds it, with its share of 1 MB and its loss in points. */
export const searchPoint = (
  id: number,
  share: number,
  points: number,
  more: Partial<SearchPoint> = {},
): SearchPoint => ({
  id,
  from: 'knapsack',
  title: `dot ${id}`,
  recipe: {
    version: 1,
    steps: [
      { layers: ['fc1', 'fc2'], method: 'quantize', options: { bits: 4, groupSize: 32 } },
      { layers: ['fc3'], method: 'svd', options: { size: 0.25 } },
      { layers: ['fc3'], method: 'half', options: {} },
    ],
  },
  bytes: share * 1e6,
  damage: { mean: points / 50, standardError: points / 500 },
  loss: { mean: points / 100, standardError: 0.002 },
  meetsGoal: points <= 1,
  onFront: false,
  ...more,
});

/** A search with so many dots: each is smaller and worse than the one before. */
export function searchReport(dots: number, more: Partial<SearchReport> = {}): SearchReport {
  const points = Array.from({ length: dots }, (_, i) =>
    searchPoint(i, 0.5 / (i + 1), 0.3 * i ** 2, {
      from: (['uniform', 'knapsack', 'swaps'] as const)[i % 3],
      onFront: true,
    }),
  );
  const best = points.findLast(({ meetsGoal }) => meetsGoal);
  return {
    goal: { minimise: 'size', maxLoss: 0.01 },
    originalBytes: 1e6,
    original: 0.923,
    measure: 'kl',
    metric: 'top1',
    labelled: true,
    data: 'test.npz',
    generated: false,
    samples: { search: 600, check: 400 },
    points,
    ...(best && { best: best.id }),
    stage: 'done',
    evaluations: 3 * dots,
    ...more,
  };
}
