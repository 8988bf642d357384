import { type EvaluateReport, headlineOf, type Metric, type RunReport } from '../../engine/page/light';

/** A dot in the chart of size against quality. `run` is null for the original. */
export interface Point {
  readonly run: number | null;
  readonly bytes: number;
  readonly value: number;
}

export interface Points {
  readonly metric: Metric;
  readonly points: readonly Point[];
  /** How many evaluated runs were measured on other data, so that they cannot be in the same chart. */
  readonly apart: number;
}

/**
 * The runs that can be compared with `current`: those with the same metric on the same data. Figures measured on
 * different data would mislead in one chart. Null until the current run (or else the latest one evaluated) has been
 * measured.
 */
export function pointsOf(runs: readonly RunReport[], current: number | null): Points | null {
  const evaluated = runs.filter(hasEvaluation);
  const reference = evaluated.find(({ run }) => run === current) ?? evaluated.at(-1);
  if (!reference) return null;
  const { data, samples } = reference.evaluation;
  const { metric, before } = headlineOf(reference.evaluation);
  const alike = evaluated.filter(
    ({ evaluation }) =>
      headlineOf(evaluation).metric === metric && evaluation.data === data && evaluation.samples === samples,
  );
  return {
    metric,
    points: [
      { run: null, bytes: reference.result.before.bytes, value: before },
      ...alike.map(({ run, result, evaluation }) => ({
        run,
        bytes: result.after.bytes,
        value: headlineOf(evaluation).after,
      })),
    ],
    apart: evaluated.length - alike.length,
  };
}

/** The points that no other point beats in both size and quality, sorted by size. */
export function frontier({ metric, points }: Points): Point[] {
  const better = (a: number, b: number) => (metric.better === 'lower' ? a < b : a > b);
  const front: Point[] = [];
  for (const point of [...points].sort((a, b) => a.bytes - b.bytes || (better(a.value, b.value) ? -1 : 1))) {
    const last = front.at(-1);
    if (!last || better(point.value, last.value)) front.push(point);
  }
  return front;
}

function hasEvaluation(run: RunReport): run is RunReport & { evaluation: EvaluateReport } {
  return run.evaluation !== undefined;
}
