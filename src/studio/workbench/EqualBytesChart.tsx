import { CartesianGrid, LabelList, Line, LineChart, ResponsiveContainer, XAxis, YAxis } from 'recharts';
import type { EqualBytesReport } from '../../worker/protocol';
import { formatShare } from '../format';
import { seriesOf } from './series';

const HEIGHT = 240;
const TICK = { fill: 'var(--quiet)', fontSize: 11 };

/** Error over stored bytes as a share of the dense ones, on a logarithmic axis of halvings: lower is better. */
export default function EqualBytesChart({ report, of }: { report: EqualBytesReport; of: 'weight' | 'output' }) {
  const series = seriesOf(report, of);
  const shares = series.flatMap(({ points }) => points.map(({ x }) => x));
  // Room for the dots at both ends.
  const [least, most] = [0.93 * Math.min(...shares), 1.04 * Math.max(0.5, ...shares)];
  const halvings = Array.from({ length: 24 }, (_, i) => 2 ** -i).filter((share) => share >= least && share <= most);
  return (
    <div className="equal-chart" role="img" aria-label={`Error of the ${of} over stored bytes, a line for each method`}>
      <ResponsiveContainer width="100%" height={HEIGHT}>
        <LineChart margin={{ top: 12, right: 128, bottom: 0, left: 0 }} accessibilityLayer={false}>
          <CartesianGrid vertical={false} stroke="var(--grid)" />
          <XAxis
            type="number"
            dataKey="x"
            scale="log"
            domain={[least, most]}
            ticks={halvings.reverse()}
            tickFormatter={(share: number) => formatShare(share, share < 0.1 ? 1 : 0)}
            tickLine={false}
            axisLine={false}
            tick={TICK}
            height={24}
            allowDataOverflow
          />
          <YAxis
            type="number"
            domain={[0, 'auto']}
            tickFormatter={(error: number) => formatShare(error, 0)}
            tickLine={false}
            axisLine={false}
            tick={TICK}
            width={46}
          />
          {series.map(({ method, title, look, points }) => (
            <Line
              key={method}
              data={points as { x: number; y: number }[]}
              dataKey="y"
              stroke={look.colour}
              strokeWidth={2}
              strokeDasharray={look.dashed ? '5 3' : undefined}
              dot={{ r: 3, fill: look.colour, strokeWidth: 0 }}
              activeDot={false}
              isAnimationActive={false}
              type="linear"
            >
              <LabelList
                content={(label) => <Name {...(label as LabelProps)} last={points.length - 1} title={title} />}
              />
            </Line>
          ))}
        </LineChart>
      </ResponsiveContainer>
    </div>
  );
}

interface LabelProps {
  readonly x?: number;
  readonly y?: number;
  readonly index?: number;
}

/** A method's name at the right end of its line. */
function Name({ x = 0, y = 0, index, last, title }: LabelProps & { last: number; title: string }) {
  if (index !== last) return null;
  return (
    <text x={x + 8} y={y + 4} fill="var(--ink)" fontSize={11}>
      {title}
    </text>
  );
}
