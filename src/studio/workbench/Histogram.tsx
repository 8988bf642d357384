import type { Histogram as Counts } from '../../engine/page/light';
import { formatFigure } from '../compare/rows';

const [WIDTH, HEIGHT] = [200, 92];

/** Counts are drawn on a square-root scale, so that a spike of zeros does not flatten everything else. */
export function Histogram({ histogram: { from, to, before, after } }: { histogram: Counts }) {
  const top = Math.sqrt(Math.max(1, ...before, ...after));
  const height = (count: number) => (HEIGHT * Math.sqrt(count)) / top;
  const each = WIDTH / before.length;
  const outline = before
    .map((count, i) => `${i === 0 ? 'M' : 'L'}${i * each} ${HEIGHT - height(count)}h${each}`)
    .join('');
  const zeros = after[(after.length - 1) / 2];
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT + 14}`}
      role="img"
      aria-label={`Histogram of the weights from ${formatFigure(from)} to ${formatFigure(to)}, before and after; ${zeros} of them near 0 after, ${before[(before.length - 1) / 2]} before`}
    >
      <path className="histogram-after" d={bars(after.map(height), WIDTH, HEIGHT)} />
      <path className="histogram-before" d={outline} />
      <text x={0} y={HEIGHT + 11}>
        {formatFigure(from)}
      </text>
      <text x={WIDTH / 2} y={HEIGHT + 11} textAnchor="middle">
        0
      </text>
      <text x={WIDTH} y={HEIGHT + 11} textAnchor="end">
        {formatFigure(to)}
      </text>
    </svg>
  );
}

/** Bars of these heights side by side, as one path. */
export function bars(heights: readonly number[], width: number, foot: number): string {
  const each = width / heights.length;
  return heights.map((height, i) => `M${i * each} ${foot}v${-height}h${0.9 * each}v${height}z`).join('');
}
