import { CONFIDENCE, type Estimated } from '../engine/core/estimated';
import { titleOfMetric } from '../engine/evaluation/metrics/metrics';
import type { SensitivityCell, SensitivityReport } from '../engine/sensitivity/report';
import { percent, table } from './terminal';

/** A table for each line: layers in model order, levels, and the damage with its interval of 95 %. */
export function sensitivitySummary(report: SensitivityReport): string {
  const { lines, levels, layers, measure, samples, samplesOf, data, generated, metric } = report;
  const tables = lines.flatMap(({ key, title }) => {
    const rows = layers.map(({ id, name }) => [
      name,
      ...levels.map((level) => cellText(report.cells.find((one) => matches(one, id, key, level)))),
    ]);
    return [
      `${title}: ${titleOfMetric(measure)} where only this layer is compressed, to a share of its bytes`,
      table(['layer', ...levels.map(percent)], rows, []),
      '',
    ];
  });
  const reasons = [...new Set(report.cells.flatMap(({ skipped }) => skipped ?? []))];
  return [
    ...tables,
    ...blockLines(report),
    `${samples}${samplesOf === undefined ? '' : ` of ${samplesOf}`} samples${generated ? ' of generated inputs: only real data tells what the model loses' : `, ${data}`}. Intervals hold 95 %; ≈0: no damage that can be told from noise.`,
    ...(metric === undefined
      ? []
      : [`--json and --csv also tell the loss of ${titleOfMetric(metric)}, paired by sample.`]),
    ...(reasons.length > 0
      ? [
          `–: the line has no such level for the layer (${reasons.slice(0, 3).join('; ')}${reasons.length > 3 ? '; …' : ''}).`,
        ]
      : []),
  ].join('\n');
}

const matches = (cell: SensitivityCell, layer: string, line: string, level: number): boolean =>
  cell.layer === layer && cell.line === line && cell.level === level;

function cellText(cell: SensitivityCell | undefined): string {
  if (!cell?.damage) return '–';
  return estimatedText(cell.damage);
}

function estimatedText({ mean, standardError = 0 }: Estimated): string {
  if (mean <= CONFIDENCE * standardError || mean === 0) return '≈0';
  const half = standardError === 0 ? '' : ` ± ${(CONFIDENCE * standardError).toPrecision(1)}`;
  return `${mean.toPrecision(2)}${half}`;
}

function blockLines({ blocks, measure }: SensitivityReport): string[] {
  if (blocks.length === 0) return [];
  const rows = blocks.map(({ name, kind, influence, damage }) => [
    `${name} (${kind})`,
    influence === undefined ? '–' : influence.toPrecision(3),
    damage ? estimatedText(damage) : '–',
  ]);
  return [
    'Parts that can be left out as a whole',
    table(['part', 'influence', `${titleOfMetric(measure)} without it`], rows, []),
    '',
  ];
}
