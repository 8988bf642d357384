/** Figures as the studio writes them: a thin unit, three digits that matter, minus signs that are minus signs. */
const BYTES = ['B', 'kB', 'MB', 'GB', 'TB'];

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

function scaled(value: number, units: readonly string[]): string {
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  const digits =
    unit === 0 ? grouped.format(rest) : rest >= 99.95 ? rest.toFixed(0) : rest.toFixed(rest >= 9.995 ? 1 : 2);
  return units[unit] ? `${digits} ${units[unit]}` : digits;
}

/** Decimal units, as file managers and browsers show them: 10,825,332 → "10.8 MB". */
export const formatBytes = (bytes: number): string => scaled(bytes, BYTES);

/** 2,690,000 → "2.69 M". */
export const formatCount = (count: number): string =>
  count < 10_000 ? grouped.format(count) : scaled(count, ['', 'k', 'M', 'G', 'T']);

/** Milliseconds to two digits that matter: 0.0421 → "0.042 ms", 153 → "153 ms". */
export const formatMs = (ms: number): string => `${ms < 100 ? +ms.toPrecision(2) : grouped.format(ms)} ms`;

/** 262144 → "262,144". */
export const formatInteger = (count: number): string => grouped.format(count);

/** A share 0…1 as a percentage with `digits` decimals: 0.0532 → "5.3 %". Tiny ones keep a digit that is not zero, down to 0.001 %. */
export function formatShare(share: number, digits = 1): string {
  const percent = share * 100;
  if (percent !== 0 && Math.abs(percent) < 0.5 * 10 ** -digits)
    return Math.abs(percent) < 0.001
      ? '< 0.001 %'
      : `${percent.toFixed(Math.ceil(-Math.log10(Math.abs(percent)))).replace('-', '−')} %`;
  return `${percent.toFixed(digits).replace('-', '−')} %`;
}

/** A relative error: as `formatShare`, but below 0.001 % it is rounding, and zero no claim of exactness. */
export const formatError = (error: number): string => (error < 1e-5 ? '< 0.001 %' : formatShare(error));

/** A change with its sign: −0.932 → "−93 %". */
export function formatChange(share: number, digits = 0): string {
  const text = formatShare(Math.abs(share), digits);
  if (text.startsWith('<')) return text;
  return share < 0 ? `−${text}` : share > 0 ? `+${text}` : text;
}

export const formatShape = (shape: readonly number[]): string => shape.join(' × ');

/** An estimate as roughly as it is known: 17 → "about 20 s left", 112 → "about 2 min left". */
export function formatSecondsLeft(seconds: number): string {
  if (seconds < 7.5) return 'a few seconds left';
  const rounded = Math.round(seconds / 5) * 5;
  if (rounded < 60) return `about ${rounded} s left`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `about ${minutes} min left`;
  const tens = Math.round(minutes / 10) * 10;
  const [hours, rest] = [Math.floor(tens / 60), tens % 60];
  return `about ${hours} h${rest > 0 ? ` ${rest} min` : ''} left`;
}
