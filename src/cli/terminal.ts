import type { JobProgress } from '../engine/project/jobProgress';

/** A table for people: columns padded, words (the first column, and those named) to the left, numbers to the right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  words: readonly string[] = [],
): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        column === 0 || words.includes(head[column]!) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  return [line(head), widths.map((width) => '─'.repeat(width)).join('──'), ...rows.map(line)].join('\n');
}

export const bytes = (count: number): string =>
  count < 1e3
    ? `${count} B`
    : count < 1e6
      ? `${(count / 1e3).toFixed(1)} kB`
      : count < 1e9
        ? `${(count / 1e6).toFixed(2)} MB`
        : `${(count / 1e9).toFixed(2)} GB`;

export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;

/** A progress bar on standard error, drawn only on a terminal. */
export function progressBar(stream = process.stderr): { show(progress: JobProgress): void; clear(): void } {
  return {
    show({ done, total, label, secondsLeft }) {
      if (!stream.isTTY) return;
      const share = total > 0 ? Math.min(1, done / total) : 0;
      const bar = '█'.repeat(Math.round(share * 24)).padEnd(24, '░');
      const left = secondsLeft === undefined ? '' : `${Math.ceil(secondsLeft)} s left`;
      const text = `${bar} ${percent(share, 0).padStart(5)}  ${left.padEnd(12)} ${label}`;
      stream.write(`\r\u001b[K${text.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`);
    },
    clear() {
      if (stream.isTTY) stream.write('\r\u001b[K');
    },
  };
}
