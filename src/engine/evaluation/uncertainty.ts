import type { Fidelity } from './fidelity';
import { closenessMetrics } from './metrics/metrics';
import type { Uncertainty } from './report';
import { differenceOf, type MetricScore } from './score';

/** The intervals of metrics against the original, by name. */
export function uncertaintyOfFidelity(fidelity: Fidelity): Record<string, Uncertainty> {
  const found = closenessMetrics().flatMap(({ name }) => {
    const interval = fidelity.intervalOf(name);
    return interval ? [[name, { after: interval }] as const] : [];
  });
  return Object.fromEntries(found);
}

/** The intervals of metrics against labels, by name, and those of the differences between both models. */
export function uncertaintyOfScores(
  before: readonly MetricScore[],
  after: readonly MetricScore[],
): Record<string, Uncertainty> {
  const found = before.flatMap((score, i): [string, Uncertainty][] => {
    const difference = differenceOf(score, after[i]!);
    if (!difference) return [];
    return [[score.metric.name, { before: score.mean.interval!, after: after[i]!.mean.interval!, difference }]];
  });
  return Object.fromEntries(found);
}
