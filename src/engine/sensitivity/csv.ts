import type { SensitivityCell, SensitivityReport } from './report';

const HEADER = [
  ...['layer', 'op', 'dense_bytes', 'line', 'level', 'bytes', 'state', 'estimated_error'],
  ...['damage', 'damage_standard_error', 'loss', 'loss_standard_error', 'skipped', 'steps'],
];

/** Every cell of a report, a row each (RFC 4180). Numbers are written in full; what is not known is empty. */
export function csvOf({ layers, cells }: SensitivityReport): string {
  const layer = new Map(layers.map((one) => [one.id, one]));
  const rows = cells.map((cell) => {
    const { name = cell.layer, op = '', bytes = '' } = layer.get(cell.layer) ?? {};
    return [
      ...[name, op, bytes, cell.line, cell.level, cell.bytes, stateOf(cell), cell.estimatedError],
      ...[cell.damage?.mean, cell.damage?.standardError, cell.loss?.mean, cell.loss?.standardError],
      ...[cell.skipped, cell.steps && JSON.stringify(cell.steps)],
    ];
  });
  return `${[HEADER, ...rows].map((row) => row.map(field).join(',')).join('\r\n')}\r\n`;
}

const stateOf = ({ skipped, damage, estimatedError }: SensitivityCell): string =>
  skipped !== undefined ? 'skipped' : damage ? 'measured' : estimatedError !== undefined ? 'estimated' : 'open';

function field(value: string | number | undefined): string {
  const text = value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
