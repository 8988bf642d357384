import { type Estimated, metricNamed, type SensitivityCell, type SensitivityReport } from '../../engine/page/light';
import { formatBytes, formatError, formatShare } from '../format';
import { formatDamage, formatLevel } from './damageScale';
import { BEST, type HeatMap, type MapCell } from './map';

/** What damage is in this report: "KL divergence". */
export const measureTitle = ({ measure }: Pick<SensitivityReport, 'measure'>): string =>
  metricNamed(measure)?.title ?? measure;

export const lineTitle = ({ lines }: Pick<SensitivityReport, 'lines'>, key: string): string =>
  key === BEST ? 'Best of all' : (lines.find((line) => line.key === key)?.title ?? key);

/** 0.031 ± 0.004. */
export const formatEstimated = ({ mean, standardError }: Estimated): string =>
  standardError === undefined
    ? formatDamage(mean)
    : `${formatDamage(mean)} ± ${formatDamage(+standardError.toPrecision(1))}`;

/** A loss of the report's metric: shares in points, others as a number. */
export function formatLoss({ mean, standardError }: Estimated, metric: string | undefined): string {
  const isShare = metric !== undefined && metricNamed(metric)?.scale === 'share';
  const write = isShare ? (value: number) => (100 * value).toFixed(2).replace('-', '−') : formatDamage;
  const spread = standardError === undefined ? '' : ` ± ${write(standardError)}`;
  return `${write(mean)}${spread}${isShare ? ' points' : ''}`;
}

/** What stands in a cell of the map, where it has room for it. */
export function cellText(found: MapCell): string {
  if (found.state === 'skipped') return '–';
  if (found.state === 'estimated') return `≈ ${formatShare(found.value, 0)}`;
  return found.likeNone ? '≈ 0' : formatDamage(found.value);
}

/** What is known of a cell, in sentences: the same for the pointer, the keyboard and the table. */
export function describeCell({ report, line, levels }: HeatMap, found: MapCell | undefined, level: number): string[] {
  if (!found) return ['Nothing is known yet.'];
  const { cell, state } = found;
  if (state === 'skipped')
    return [line === BEST ? `No method takes it: ${cell.skipped}.` : `Left as it is: ${cell.skipped}.`];
  const by = line === BEST ? `${lineTitle(report, cell.line)}: ` : '';
  if (state === 'estimated')
    return [`${by}not measured yet. Estimated error ${formatError(found.value)}${storedBytes(cell)}.`];
  const sentences = [`${by}${measureTitle(report)} ${formatEstimated(cell.damage!)}${storedBytes(cell)}.`];
  if (cell.loss)
    sentences.push(
      `${(report.metric && metricNamed(report.metric)?.title) ?? 'Metric'} loses ${formatLoss(cell.loss, report.metric)}.`,
    );
  if (cell.damage!.standardError === undefined) sentences.push('One sample tells nothing about noise.');
  if (found.likeNone) sentences.push('It cannot be told from no damage.');
  if (found.likePrevious)
    sentences.push(`It cannot be told from ${formatLevel(levels[levels.indexOf(level) - 1]!)} of the bytes.`);
  if (found.rivals.length > 0)
    sentences.push(
      `As good here, as far as can be told: ${found.rivals.map((key) => lineTitle(report, key)).join(', ')}.`,
    );
  return sentences;
}

const storedBytes = ({ bytes }: SensitivityCell): string =>
  bytes === undefined ? '' : `, ${formatBytes(bytes)} stored`;
