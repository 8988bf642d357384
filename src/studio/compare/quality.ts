import {
  type EvaluateReport,
  headlineOf,
  isWeak,
  type Measured,
  type Metric,
  measuredAgainstLabels,
  measuredCloseness,
} from '../../engine/page/light';
import { formatShare } from '../format';
import { formatFigure, type Row, relative } from './rows';

/** Metrics against labels, then metrics of closeness to the original, which are never called accuracy. */
export function qualityRows(evaluation: EvaluateReport): Row[] {
  const { samples } = evaluation;
  return [
    ...measuredAgainstLabels(evaluation).map((measured) => ({
      name: measured.metric.title,
      note: measured.metric.note,
      original: formatValue(measured.metric, measured.before),
      compressed: formatValue(measured.metric, measured.after),
      ...differenceOf(measured, samples),
    })),
    ...measuredCloseness(evaluation)
      .filter(({ metric }) => metric.shown === 'everywhere')
      .map((measured) => ({
        name: measured.metric.title,
        note: measured.metric.note,
        original: '',
        compressed: formatValue(measured.metric, measured.after),
        ...differenceOf(measured, samples),
        ...(isWeak(measured.metric, evaluation) && { tone: undefined, quiet: true }),
      })),
  ];
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

/** A metric's value with its unit, as text. */
export function formatValue({ scale, unit }: Metric, value: number): string {
  if (scale === 'share') return formatShare(value);
  if (scale === 'cosine') return formatCosine(value);
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

/** The text of a difference, and whether it is better or worse by more than the noise. */
function differenceOf({ metric, before, after }: Measured, samples: number): Pick<Row, 'change' | 'tone'> {
  const { scale, better } = metric;
  if (scale === 'cosine' || scale === 'distance') return { change: '' };
  if (scale === 'share') {
    const noise = metric.against === 'labels' ? (metric.standardError?.(before, samples) ?? 0) : 0;
    return points(before, after, noise, better);
  }
  const change = relative(before, after);
  return better === 'lower' || !change.tone
    ? change
    : { ...change, tone: change.tone === 'better' ? 'worse' : 'better' };
}

/** The difference of two shares in percentage points. A change below `noise` (a share) is neither better nor worse. */
function points(before: number, after: number, noise: number, better: Metric['better']): Pick<Row, 'change' | 'tone'> {
  const change = 100 * (after - before);
  const text = Math.abs(change).toFixed(Math.abs(change) < 0.1 ? 2 : 1);
  if (Number(text) === 0) return { change: '0' };
  const signed = `${change < 0 ? '−' : '+'}${text} pt`;
  if (Math.abs(change) < 100 * noise) return { change: signed };
  return { change: signed, tone: change > 0 === (better === 'higher') ? 'better' : 'worse' };
}
