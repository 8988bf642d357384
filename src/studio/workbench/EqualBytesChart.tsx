import { CartesianGrid, LabelList, Line, LineChart, ResponsiveContainer, XAxis, YAxis } from 'recharts';
import type { EqualBytesReport } from '../../worker/protocol';
import { roundTicks } from '../compare/points';
import { formatShare } from '../format';
import { type Series, seriesOf } from './series';

const HEIGHT = 240;
const TICK = { fill: 'var(--quiet)', fontSize: 11 };

/** Error over stored bytes as a share of the dense ones, on a logarithmic axis of halvings: lower is better. */
export default function EqualBytesChart({ report, of }: { report: EqualBytesReport; of: 'weight' | 'output' }) {
  const series = seriesOf(report, of);
  const shares = series.flatMap(({ points }) => points.map(({ x }) => x));
  // Room for the dots at both ends.
  const [least, most] = [0.93 * Math.min(...shares), 1.04 * Math.max(0.5, ...shares)];
  const halvings = Array.from({ length: 24 }, (_, i) => 2 ** -i).filter((share) => share >= least && share <= most);
  const top = 1.05 * Math.max(...series.flatMap(({ points }) => points.map(({ y }) => y)), 1e-9);
  const shifts = shiftsOf(series, top);
  return (
    <div className="equal-chart" role="img" aria-label={`Error of the ${of} over stored bytes, a line for each method`}>
      <ResponsiveContainer width="100%" height={HEIGHT}>
        <LineChart margin={{ top: 12, right: 148, bottom: 0, left: 0 }} accessibilityLayer={false}>
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
            domain={[0, top]}
            ticks={roundTicks(0, top, 4)}
            tickFormatter={(error: number) => formatShare(error, top < 0.04 ? 1 : 0)}
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
                content={(label) => (
                  <Name
                    {...(label as LabelProps)}
                    last={points.length - 1}
                    title={title}
                    shift={shifts.get(method) ?? 0}
                  />
                )}
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
function Name(props: LabelProps & { last: number; title: string; shift: number }) {
  const { x = 0, y = 0, index, last, title, shift } = props;
  if (index !== last) return null;
  return (
    <text x={x + 8} y={y + 4 + shift} fill="var(--ink)" fontSize={11}>
      {title}
    </text>
  );
}

/** Height of the plot itself, and of a name in it, about. */
const [PLOT, NAME] = [200, 13];

/** How far names are moved so that those at the same end of the axis don't lie on one another; in pixels, by method. */
function shiftsOf(series: readonly Series[], top: number): ReadonlyMap<string, number> {
  const ends = series.flatMap(({ method, points }) => (points.length > 0 ? [{ method, ...points.at(-1)! }] : []));
  const placed: { x: number; at: number }[] = [];
  const shifts = new Map<string, number>();
  for (const { method, x, y } of ends.sort((a, b) => a.y - b.y)) {
    const wanted = PLOT * (1 - y / top);
    const near = placed.filter((other) => Math.abs(Math.log2(other.x / x)) < 0.9).map(({ at }) => at - NAME);
    // Upwards, as the axis is below the lowest.
    const at = Math.min(wanted, ...near);
    placed.push({ x, at });
    shifts.set(method, at - wanted);
  }
  return shifts;
}
