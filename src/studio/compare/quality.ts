import {
  type Difference,
  type EvaluateReport,
  headlineOf,
  type Interval,
  isWeak,
  labelMetricsIn,
  type Measured,
  type Metric,
  mayBeNone,
  measuredAgainstLabels,
  measuredCloseness,
  type OriginalReport,
} from '../../engine/page/light';
import { formatShare } from '../format';
import { formatFigure, type Row, relative } from './rows';

/** Metrics against labels, then metrics of closeness to the original, which are never called accuracy. */
export function qualityRows(evaluation: EvaluateReport): Row[] {
  const { uncertainty = {} } = evaluation;
  return [
    ...measuredAgainstLabels(evaluation).map((measured) => {
      const { metric, before, after } = measured;
      const known = uncertainty[metric.name];
      return {
        name: metric.title,
        note: metric.note,
        original: formatValue(metric, before),
        compressed: formatValue(metric, after),
        ...spreadOf(metric, known?.before, known?.after),
        ...(known?.difference ? pairedChange(metric, known.difference) : differenceOf(measured)),
      };
    }),
    ...measuredCloseness(evaluation)
      .filter(({ metric }) => metric.shown === 'everywhere')
      .map((measured) => ({
        name: measured.metric.title,
        note: measured.metric.note,
        original: '',
        compressed: formatValue(measured.metric, measured.after),
        ...spreadOf(measured.metric, undefined, uncertainty[measured.metric.name]?.after),
        ...differenceOf(measured),
        ...(isWeak(measured.metric, evaluation) && { tone: undefined, quiet: true }),
      })),
  ];
}

/** What is known of the original before anything is compared with it. */
export function originalRows({ values, intervals }: OriginalReport): Row[] {
  return labelMetricsIn(values).map((metric) => ({
    name: metric.title,
    note: metric.note,
    original: formatValue(metric, values[metric.name]!),
    compressed: '',
    change: '',
    ...spreadOf(metric, intervals[metric.name], undefined),
  }));
}

/** Intervals of 95 %, where there are some. */
function spreadOf(metric: Metric, ...sides: readonly (Interval | undefined)[]): Pick<Row, 'spread'> {
  if (sides.every((side) => side === undefined)) return {};
  const [before, after] = sides.map((side) => (side ? formatInterval(metric, side) : ''));
  return { spread: [before!, after!] };
}

/** "90.1–92.3", in the unit of the value above it: the column has no room for another one. */
function formatInterval(metric: Metric, { low, high }: Interval): string {
  const [from, to] = [low, high].map((end) => formatValue(metric, end).replace(/\s[^\s\d]+$/, ''));
  return `${from}–${to}`;
}

/** A difference that is paired by sample, with the reach of its interval: better or worse where it cannot be none. */
function pairedChange(metric: Metric, difference: Difference): Pick<Row, 'change' | 'changeNote' | 'tone'> {
  const { mean } = difference;
  const change = formatDifference(metric, difference);
  if (mayBeNone(difference)) return { change, ...(mean !== 0 && { changeNote: 'may be none' }) };
  return { change, tone: mean > 0 === (metric.better === 'higher') ? 'better' : 'worse' };
}

/** "−0.4 ± 0.3 pt" of shares, "+5.0 ± 0.4 %" of ratios, "+0.03 ± 0.01" of amounts. */
function formatDifference({ scale }: Metric, { mean, low, high }: Difference): string {
  const percent = scale === 'share' || scale === 'ratio';
  const [value, reach] = [mean, (high - low) / 2].map((one) => (percent ? 100 * one : one)) as [number, number];
  // The last digit is the first one of the interval that is not zero. Later digits of the value mean nothing.
  const digits = Math.max(percent ? 1 : 2, Math.min(4, Math.ceil(-Math.log10(2 * reach || 1))));
  const size = Math.abs(value).toFixed(digits);
  const sign = Number(size) === 0 ? '' : value < 0 ? '−' : '+';
  return `${sign}${size} ± ${reach.toFixed(digits)}${scale === 'share' ? ' pt' : scale === 'ratio' ? ' %' : ''}`;
}

/**
 * What changed in the figure that stands for the run: "Top-1 accuracy: −0.4 ± 0.3 points, paired by sample." Undefined
 * where no interval is known.
 */
export function describeChange(evaluation: EvaluateReport): string | undefined {
  const { metric } = headlineOf(evaluation);
  const difference = evaluation.uncertainty?.[metric.name]?.difference;
  if (!difference) return undefined;
  const name = metric.fullTitle[0]!.toUpperCase() + metric.fullTitle.slice(1);
  const change = formatDifference(metric, difference).replace(' pt', ' points');
  const unit = metric.scale === 'amount' && metric.unit ? ` ${metric.unit}` : '';
  const none = mayBeNone(difference) ? ' It cannot be told apart from no change.' : '';
  return `${name}: ${change}${unit}, paired by sample, with 95 % confidence.${none}`;
}

/** Whether agreement says little: the original gives nearly the same answer everywhere. */
export const agreementSaysLittle = (evaluation: EvaluateReport): boolean =>
  measuredCloseness(evaluation).some(({ metric }) => isWeak(metric, evaluation));

/** A sentence that says why agreement comes last. */
export function describeMajority({ fidelity: { majority } }: EvaluateReport): string {
  // Rounded down, because 99.6 % must not be written as 100 %.
  const share = formatShare(Math.floor(100 * majority!) / 100, 0).replace(' ', '\u00a0');
  return `On these inputs the original gives the same answer at ${share} of the positions, so agreement says little: open test data.`;
}

/** A run's main quality figure, as text. */
export function headline(evaluation: EvaluateReport): string {
  const { metric, after } = headlineOf(evaluation);
  return formatValue(metric, after);
}

/** Decibels beyond the precision of float32. */
const MOST_SHOWN = 150;

/** A metric's value with its unit, as text. */
export function formatValue({ scale, unit }: Metric, value: number): string {
  if (scale === 'share') return formatShare(value);
  if (scale === 'cosine') return formatCosine(value);
  if (scale === 'decibel') return value >= MOST_SHOWN ? `> ${MOST_SHOWN} dB` : `${value.toFixed(1)} dB`;
  return unit ? `${formatFigure(value)} ${unit}` : formatFigure(value);
}

/** A metric's value as short text for a chart's axis. */
export function formatTick({ scale }: Metric, value: number): string {
  if (scale === 'share') return `${+(100 * value).toPrecision(4)} %`;
  return scale === 'cosine' ? String(+value.toPrecision(6)).replace('-', '−') : formatFigure(value);
}

// 0.99999 must not round up to a perfect 1.
function formatCosine(cosine: number): string {
  const loss = 1 - cosine;
  if (loss > 0 && loss < 5e-8) return '> 0.9999999';
  if (loss > 0 && loss < 5e-5) return cosine.toFixed(Math.ceil(-Math.log10(loss)));
  return cosine.toFixed(4).replace('-', '−');
}

/** The text of a difference of which no interval is known. */
function differenceOf({ metric, before, after }: Measured): Pick<Row, 'change' | 'tone'> {
  const { scale, better } = metric;
  if (scale === 'share') return points(before, after, better);
  if (scale !== 'ratio' && scale !== 'amount') return { change: '' };
  const change = relative(before, after);
  return better === 'lower' || !change.tone
    ? change
    : { ...change, tone: change.tone === 'better' ? 'worse' : 'better' };
}

/** The difference of two shares in percentage points. */
function points(before: number, after: number, better: Metric['better']): Pick<Row, 'change' | 'tone'> {
  const change = 100 * (after - before);
  const text = Math.abs(change).toFixed(Math.abs(change) < 0.1 ? 2 : 1);
  if (Number(text) === 0) return { change: '0' };
  return {
    change: `${change < 0 ? '−' : '+'}${text} pt`,
    tone: change > 0 === (better === 'higher') ? 'better' : 'worse',
  };
}
