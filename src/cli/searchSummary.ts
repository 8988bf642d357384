import type { SearchPoint, SearchReport } from '../engine/allocation/report';
import { CONFIDENCE, type Estimated } from '../engine/core/estimated';
import { titleOfMetric } from '../engine/evaluation/metrics/metrics';
import type { ReadBack } from '../engine/project/engine';
import { describeReadBack } from '../engine/recipe/verification/readBack';
import { bytes, percent, table } from './terminal';

/** Points of the metric, with the half width of the interval of 95 % where there is one. */
const points = ({ mean, standardError }: Estimated): string =>
  `${(100 * mean).toFixed(2)}${standardError === undefined ? '' : ` ± ${(100 * CONFIDENCE * standardError).toFixed(2)}`}`;

/** What is printed for people: the front, and the recipe that was taken. */
export function searchSummary(report: SearchReport, best: SearchPoint, out: string, verification: ReadBack): string {
  const { originalBytes, measure, metric, samples, labelled, generated, data, original } = report;
  const front = report.points.filter(({ onFront, id }) => onFront || id === best.id).sort((a, b) => b.bytes - a.bytes);
  const rows = front.map(({ id, bytes: size, damage, loss, checked, title }) => [
    id === best.id ? '→' : '',
    bytes(size),
    percent(size / originalBytes),
    damage.mean.toPrecision(3),
    points(loss),
    checked ? points(checked.loss) : '',
    title,
  ]);
  const title = titleOfMetric(metric);
  const lost = `${title} lost, points`;
  return [
    table(['', 'file', 'of original', titleOfMetric(measure), lost, 'on samples kept apart', 'recipe'], rows, [
      'recipe',
    ]),
    '',
    labelled
      ? `The original's ${title} is ${original.toFixed(4)} on ${samples.search} samples of ${data}.`
      : `There are no labels: the loss is disagreement with the original, on ${samples.search} samples ${generated ? 'of generated inputs. Only real data tells what the model loses' : `of ${data}`}.`,
    samples.check > 0
      ? `${samples.check} other samples, which the search never saw, checked what it found. Intervals hold 95 %.`
      : 'There is one sample: nothing could be kept apart to check what was found.',
    `${report.evaluations} models were run. ${out}: ${bytes(originalBytes)} → ${bytes(best.bytes)} (${percent(best.bytes / originalBytes)}).`,
    describeReadBack(verification),
  ].join('\n');
}
