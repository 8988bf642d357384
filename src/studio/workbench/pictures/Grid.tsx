import type { GridPicture } from '../../../engine/page/light';
import { SMALL } from './size';

const [WIDTH, HEIGHT] = SMALL;
/** Weights beyond this many times the row's root mean square count as outliers: they widen the grid. */
const OUTLIER = 4;

export function Grid({ picture: { row, before, after, levels, rms } }: { picture: GridPicture }) {
  const most = Math.max(...before.map(Math.abs), ...after.map(Math.abs)) || 1;
  const x = (value: number) => ((value / most + 1) / 2) * (WIDTH - 6) + 3;
  const y = (value: number) => HEIGHT - 3 - ((value / most + 1) / 2) * (HEIGHT - 6);
  const outliers = before.filter((value) => Math.abs(value) > OUTLIER * rms).length;
  return (
    <figure className="preview-histogram preview-method">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`Weights of row ${row} that share a scale, before across and after upwards: ${levels} levels, ${outliers} outliers`}
      >
        {[...new Set(after)].map((level) => (
          <path key={level} className="grid-level" d={`M0 ${y(level)}H${WIDTH}`} />
        ))}
        <path className="histogram-before" d={`M${x(-most)} ${y(-most)}L${x(most)} ${y(most)}`} />
        {Array.from(before, (value, i) => (
          <circle
            // biome-ignore lint/suspicious/noArrayIndexKey: a dot is its place
            key={i}
            className="grid-dot"
            data-outlier={Math.abs(value) > OUTLIER * rms || undefined}
            cx={x(value)}
            cy={y(after[i])}
            r={1.6}
          />
        ))}
      </svg>
      <figcaption>
        The weights that share a scale with the largest one, in row {row}: before across, after upwards, on {levels}{' '}
        levels
        {outliers > 0 && `; in orange beyond ${OUTLIER} × their root mean square, which pull the levels apart`}.
      </figcaption>
    </figure>
  );
}
