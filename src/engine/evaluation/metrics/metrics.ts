import type { EvaluateReport } from '../report';
import { METRICS } from './list';
import type { ClosenessMetric, LabelFacts, LabelMetric, Metric } from './metric';

/** The metrics that apply to data with such labels. */
export const labelMetrics = (labels: LabelFacts): LabelMetric[] =>
  METRICS.filter((metric) => metric.against === 'labels' && metric.applies(labels)) as LabelMetric[];

export const closenessMetrics = (): ClosenessMetric[] => METRICS.filter((metric) => metric.against === 'original');

/** The metric that reports call by this name; undefined for a name of another version. */
export const metricNamed = (name: string): Metric | undefined => METRICS.find((metric) => metric.name === name);

/** What people call the metric with this name: "next-token accuracy". */
export const titleOfMetric = (name: string): string => metricNamed(name)?.title ?? name;

/** A metric with its values for both models; against the original, `before` is the value of equal outputs. */
export interface Measured {
  readonly metric: Metric;
  readonly before: number;
  readonly after: number;
}

/** What was measured against labels, the headline first; nothing where the data has none. */
export function measuredAgainstLabels({ metric: name, before, after, others = {} }: EvaluateReport): Measured[] {
  const values = { [name]: { before, after }, ...others };
  return METRICS.filter((metric) => metric.against === 'labels' && Object.hasOwn(values, metric.name))
    .map((metric) => ({ metric, ...values[metric.name] }))
    .sort((a, b) => Number(b.metric.name === name) - Number(a.metric.name === name));
}

/** The metrics against labels that have a value, in the order of the list. */
export const labelMetricsIn = (values: Readonly<Record<string, number>>): LabelMetric[] =>
  METRICS.filter((metric): metric is LabelMetric => metric.against === 'labels' && Object.hasOwn(values, metric.name));

type MeasuredCloseness = Measured & { readonly metric: ClosenessMetric };

/**
 * How close the compressed model is to the original, in the order of the list. Where a metric is no evidence, it comes
 * last, and distances, which tell few readers much, come after figures with a scale.
 */
export function measuredCloseness(evaluation: EvaluateReport): MeasuredCloseness[] {
  const { fidelity } = evaluation;
  const found = closenessMetrics()
    .filter(({ shown, name }) => shown !== 'nowhere' && Object.hasOwn(fidelity, name))
    .map((metric) => ({ metric, before: metric.same, after: fidelity[metric.name] }));
  if (!found.some(({ metric }) => isWeak(metric, evaluation))) return found;
  const place = ({ metric }: MeasuredCloseness) =>
    isWeak(metric, evaluation) ? 2 : metric.scale === 'distance' ? 1 : 0;
  return found.sort((a, b) => place(a) - place(b));
}

/** Whether a metric is no evidence here. Labels say what closeness cannot. */
export const isWeak = (metric: ClosenessMetric, evaluation: EvaluateReport): boolean =>
  isWithoutLabels(evaluation) && metric.saysLittle?.(evaluation.fidelity) === true;

/** What `EvaluateReport.metric` is where there are no labels. */
export const CLOSENESS = 'fidelity';

export const isWithoutLabels = ({ metric }: Pick<EvaluateReport, 'metric'>): boolean => metric === CLOSENESS;

/** The one metric that stands for a run's quality. */
export const headlineOf = (evaluation: EvaluateReport): Measured =>
  measuredAgainstLabels(evaluation)[0] ?? measuredCloseness(evaluation)[0];

/** How much worse `after` is than `before`, on the metric's scale; negative where it is better. */
export function lossOf({ metric, before, after }: Measured): number {
  const change = metric.scale === 'ratio' ? after / before - 1 : after - before;
  return metric.better === 'higher' ? -change : change;
}
