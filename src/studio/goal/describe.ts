import {
  type DataReport,
  type Estimated,
  metricNamed,
  type SearchPoint,
  type SearchReport,
  student,
} from '../../engine/page/light';
import { formatBytes, formatInteger, formatShare } from '../format';
import type { Search } from '../store';

/** Half the width of the 95 % interval over so many samples, in points; undefined where one alone was measured. */
export const reachOf = ({ standardError }: Estimated, samples: number): number | undefined =>
  standardError === undefined ? undefined : 100 * student(samples - 1) * standardError;

/** A loss over so many samples in points, with its 95 % interval: "0.4 ± 0.3". Negative where the model has gained. */
export function formatPoints(loss: Estimated, samples: number): string {
  const points = 100 * loss.mean;
  const reach = reachOf(loss, samples);
  const digits = Math.max(Math.abs(points), reach ?? 0) < 0.1 && points !== 0 ? 2 : 1;
  const text = (value: number) =>
    value
      .toFixed(digits)
      .replace(/^-(0\.?0*)$/, '$1')
      .replace('-', '−');
  return reach === undefined ? text(points) : `${text(points)} ± ${text(reach)}`;
}

/** "0.4 ± 0.3 points lost". */
export const describeLoss = (loss: Estimated, samples: number): string => `${formatPoints(loss, samples)} points lost`;

/** What the loss is a loss of: "top-1 accuracy". */
export const metricTitle = ({ metric }: Pick<SearchReport, 'metric'>): string =>
  metricNamed(metric)?.fullTitle ?? metric;

/** The value of the metric that a dot leaves: "top-1 accuracy 91.5 %". */
export function describeValue({ metric, original }: SearchReport, { loss }: SearchPoint): string {
  const value = original - loss.mean;
  return `${metricTitle({ metric })} ${isShare(metric) ? formatShare(value) : value.toFixed(4).replace('-', '−')}`;
}

const isShare = (metric: string): boolean => (metricNamed(metric)?.scale ?? 'share') === 'share';

/** What a dot loses on samples that the search never saw; undefined where there are none, or it is not checked yet. */
export const checkedLoss = ({ samples }: SearchReport, { checked }: SearchPoint): Estimated | undefined =>
  samples.check > 0 ? checked?.loss : undefined;

export const FROM_WORDS: Readonly<Record<SearchPoint['from'], string>> = {
  uniform: 'one setting for all layers',
  knapsack: 'chosen by the measured damage of single layers',
  swaps: 'improved by exchanges between layers',
};

/** What a loss would mean on the data that are open: said before a search. */
export function describeData(data: DataReport | null): string {
  if (!data || data.generated)
    return 'No data is open: the loss is how often the model’s answer differs from the original’s on generated inputs. Only real data shows how good the answers are.';
  const samples = `${formatInteger(data.samples)} ${data.samples === 1 ? 'sample' : 'samples'}`;
  return data.labelled
    ? `The loss is measured against the labels of ${data.name}, ${samples}.`
    : `${data.name} (${samples}) has no labels: the loss is disagreement with the original.`;
}

/** On what the dots were measured, and what the loss is. */
export function describeMeasured({ labelled, generated, data, samples, metric, original }: SearchReport): string {
  const title = metricTitle({ metric });
  const unit = isShare(metric) ? `Points are points of ${title}` : `A point is a hundredth of the ${title}`;
  const what = labelled
    ? `${unit}${isShare(metric) ? `; the original has ${formatShare(original)}` : ''}`
    : `There are no labels, so the loss is disagreement with the original. ${unit}`;
  const where = generated ? 'inputs that were generated: only real data shows how good the answers are' : data;
  const apart =
    samples.check > 0
      ? `${formatInteger(samples.search)} samples steer the search, ${formatInteger(samples.check)} others check what it finds`
      : `${formatInteger(samples.search)} samples steer the search; there are none left to check what it finds`;
  return `${what}. Measured on ${where}. ${apart}. ± is the 95 % interval of the difference to the original on the same samples.`;
}

const STAGES: Readonly<Record<SearchReport['stage'], string>> = {
  measuring: 'Measuring what layers lose',
  searching: 'Searching',
  checking: 'Checking on samples kept apart',
  done: 'Done',
};

/** Where the search stands: "Searching", "Stopped: the best so far is kept". */
export function describeStage({ report: { stage, best }, ended }: Search): string {
  if (ended === undefined) return STAGES[stage];
  if (ended === 'done') return STAGES.done;
  const how = ended === 'stopped' ? 'Stopped' : 'Ended by an error';
  return best === undefined ? how : `${how}: the best so far is kept`;
}

/** The answer so far, in a sentence. */
export function describeBest(report: SearchReport): string | undefined {
  const { points, best, originalBytes, samples } = report;
  const point = points.find(({ id }) => id === best);
  if (!point) return undefined;
  const { bytes, loss } = point;
  const checked = checkedLoss(report, point);
  const lost = checked
    ? `${describeLoss(checked, samples.check)} on samples that the search never saw`
    : describeLoss(loss, samples.search);
  return `${formatBytes(bytes)} (${formatShare(bytes / originalBytes)} of the bytes), ${lost}`;
}

/** The dot that is looked at: the chosen one, else the best, else the nearest to the goal. */
export function shownIn({ points, best, outOfReach }: SearchReport, chosen: number | null): SearchPoint | undefined {
  const ids = [chosen, best, outOfReach?.nearest];
  for (const id of ids) {
    const found = points.find((point) => point.id === id);
    if (found) return found;
  }
  return undefined;
}
