import { memo, useMemo } from 'react';
import { CartesianGrid, Line, LineChart, ResponsiveContainer, XAxis, YAxis } from 'recharts';
import { curvesOf, footOf, largest, type Measured, PLOT, PLOT_HEIGHT, ranksOf } from './geometry';

/** Points to a curve: of one about as many as there are pixels, of several as few as show its course. */
const POINTS = { one: 240, several: 80 } as const;

interface Curve {
  readonly id: string;
  readonly colour: string;
  readonly points: readonly { x: number; y: number }[];
}

/**
 * σ/σ₁ over the rank, on a log scale. One layer: ranks 1…k. Several layers: the rank as a share of k, so that layers of
 * all sizes share one axis. Only the curves are drawn here; `CutOverlay` draws what changes with the budget.
 */
function SpectrumChart({ measured }: { measured: readonly Measured[] }) {
  const foot = useMemo(() => footOf(measured), [measured]);
  const curves = useMemo(() => sample(measured), [measured]);
  const several = measured.length > 1;
  const ranks = ranksOf(measured[0].spectrum);
  const decades = Math.round(-Math.log10(foot));
  const every = Math.ceil(decades / 5);
  const ticks = Array.from({ length: Math.floor(decades / every) + 1 }, (_, index) => 10 ** (-index * every));
  return (
    <ResponsiveContainer width="100%" height={PLOT_HEIGHT}>
      <LineChart margin={{ top: PLOT.top, right: PLOT.right, bottom: 0, left: 0 }} accessibilityLayer={false}>
        <CartesianGrid vertical={false} stroke="var(--grid)" />
        <XAxis
          type="number"
          dataKey="x"
          domain={several ? [0, 1] : [1, Math.max(2, ranks)]}
          ticks={several ? [0, 0.25, 0.5, 0.75, 1] : [1, Math.round(ranks / 2), ranks]}
          tickFormatter={(value: number) => (several ? `${Math.round(value * 100)} %` : String(value))}
          height={PLOT.bottom}
          tickLine={false}
          axisLine={false}
          tick={{ fill: 'var(--quiet)', fontSize: 11 }}
          interval="preserveStartEnd"
          allowDataOverflow
        />
        <YAxis
          type="number"
          scale="log"
          domain={[foot, 1]}
          ticks={ticks}
          tickFormatter={powerOfTen}
          width={PLOT.left}
          tickLine={false}
          axisLine={false}
          tick={{ fill: 'var(--quiet)', fontSize: 11 }}
          allowDataOverflow
        />
        {curves.map(({ id, colour, points }) => (
          <Line
            key={id}
            data={points as { x: number; y: number }[]}
            dataKey="y"
            stroke={colour}
            strokeWidth={several ? 1.25 : 2}
            strokeOpacity={several ? 0.55 : 1}
            dot={false}
            activeDot={false}
            isAnimationActive={false}
            type="linear"
          />
        ))}
      </LineChart>
    </ResponsiveContainer>
  );
}

export default memo(SpectrumChart);

function sample(measured: readonly Measured[]): Curve[] {
  const several = measured.length > 1;
  return measured.flatMap(({ layer, spectrum }) =>
    curvesOf(spectrum).map((values, side) => ({
      id: `${layer.id} ${side}`,
      colour: side === 0 ? 'var(--kept)' : 'var(--second)',
      points: pointsOf(values, several),
    })),
  );
}

function pointsOf(values: Float64Array, asShare: boolean): { x: number; y: number }[] {
  const top = largest(values);
  const count = values.length;
  const stride = Math.max(1, count / (asShare ? POINTS.several : POINTS.one));
  const points: { x: number; y: number }[] = [];
  for (let at = 0; at < count; at += stride) {
    const index = Math.floor(at);
    // A logarithmic axis has no zero: the curve leaves the chart at its lower edge.
    const y = Math.max(values[index] / top, 1e-12);
    points.push({ x: asShare ? (index + 1) / count : index + 1, y });
  }
  const last = Math.max(values[count - 1] / top, 1e-12);
  points.push({ x: asShare ? 1 : count, y: last });
  return points;
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

function powerOfTen(value: number): string {
  const exponent = Math.round(-Math.log10(value));
  const digits = [...String(exponent)].map((digit) => SUPERSCRIPTS[Number(digit)]).join('');
  return exponent === 0 ? '10⁰' : `10⁻${digits}`;
}
