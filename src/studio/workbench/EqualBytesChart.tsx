import { CartesianGrid, Line, LineChart, ResponsiveContainer, XAxis, YAxis } from 'recharts';
import type { EqualBytesReport } from '../../engine/page/light';
import { curveOf, LOG_AXIS } from '../charts/look';
import { halvings } from '../charts/ticks';
import { formatShare } from '../format';
import { SeriesKey } from './SeriesKey';
import { drawnError, errorAxis, formatSize, heightOf, placed, seriesOf } from './series';

const [HEIGHT, TOP, BOTTOM] = [260, 12, 24];

/** Room for the names, and of one of them. */
const [NAMES, NAME] = [196, 15];

/** Error over stored bytes as a share of the dense ones, both on logarithmic axes: lower is better, and so is further left. */
export default function EqualBytesChart({ report, of }: { report: EqualBytesReport; of: 'weight' | 'output' }) {
  const series = seriesOf(report, of).filter(({ points }) => points.length > 0);
  const points = series.flatMap((line) => line.points);
  const shares = points.map(({ x }) => x);
  // Room for the dots at both ends.
  const [least, most] = [0.93 * Math.min(...shares), 1.04 * Math.max(0.5, ...shares)];
  const axis = errorAxis(points.map(({ y }) => y));
  const plot = HEIGHT - TOP - BOTTOM;
  const names = placed(
    series.map((line) => plot * heightOf(line.points.at(-1)!.y, axis)),
    NAME,
    plot,
  );
  return (
    <div className="equal-chart" role="img" aria-label={`Error of the ${of} over stored bytes, a line for each method`}>
      <ResponsiveContainer width="100%" height={HEIGHT}>
        <LineChart margin={{ top: TOP, right: NAMES, bottom: 0, left: 0 }} accessibilityLayer={false}>
          <CartesianGrid vertical={false} stroke="var(--grid)" />
          <XAxis
            {...LOG_AXIS}
            dataKey="x"
            domain={[least, most]}
            ticks={halvings(least, most)}
            tickFormatter={formatSize}
            height={BOTTOM}
          />
          <YAxis
            {...LOG_AXIS}
            domain={[axis.least, axis.most]}
            ticks={[...axis.ticks]}
            tickFormatter={(error: number) => formatShare(error, 0)}
            width={52}
          />
          {series.map(({ key, look, points: own }) => (
            <Line key={key} data={own.map(({ x, y }) => ({ x, y: drawnError(y) }))} {...curveOf(look, 3)} />
          ))}
        </LineChart>
      </ResponsiveContainer>
      {series.map(({ key, title, look }, i) => (
        <span key={key} className="equal-name" style={{ top: TOP + names[i], width: NAMES - 12 }}>
          <SeriesKey look={look} />
          {title}
        </span>
      ))}
    </div>
  );
}
