import { CartesianGrid, ErrorBar, Line, LineChart, ResponsiveContainer, XAxis, YAxis } from 'recharts';
import { type DamageScale, formatDamage, formatLevel } from './damageScale';
import type { LayerLine } from './layerLines';

const TICK = { fill: 'var(--quiet)', fontSize: 11 };
const HALVINGS = [1, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625];

/**
 * Damage over stored bytes as a share of the dense ones, a line for each method, with standard errors. Both axes are
 * logarithmic; the axis of damage is that of the whole map, so that layers can be compared.
 */
export function LayerChart({ lines, scale, name }: { lines: readonly LayerLine[]; scale: DamageScale; name: string }) {
  const shares = lines.flatMap(({ points }) => points.map(({ x }) => x));
  const [least, most] = [0.93 * Math.min(...shares), 1.05 * Math.max(...shares)];
  // A logarithmic axis has no zero: what lies below it is drawn at its end.
  const drawn = (damage: number) => Math.max(scale.least, damage);
  return (
    <div
      role="img"
      aria-label={`Damage over stored bytes of ${name}, a line for each method. The table has the numbers`}
    >
      <ResponsiveContainer width="100%" height={170}>
        <LineChart margin={{ top: 6, right: 12, bottom: 0, left: 0 }} accessibilityLayer={false}>
          <CartesianGrid vertical={false} stroke="var(--grid)" />
          <XAxis
            type="number"
            dataKey="x"
            scale="log"
            domain={[least, most]}
            ticks={HALVINGS.filter((share) => share >= least && share <= most).reverse()}
            tickFormatter={formatLevel}
            tickLine={false}
            axisLine={false}
            tick={TICK}
            height={20}
            allowDataOverflow
          />
          <YAxis
            type="number"
            scale="log"
            domain={[scale.least, scale.most]}
            ticks={[...scale.ticks]}
            tickFormatter={formatDamage}
            tickLine={false}
            axisLine={false}
            tick={TICK}
            width={44}
            allowDataOverflow
          />
          {lines.map(({ key, look, points }) => (
            <Line
              key={key}
              data={points.map(({ x, y, error }) => ({
                x,
                y: drawn(y),
                spread: [drawn(y) - drawn(y - error), error] as [number, number],
              }))}
              dataKey="y"
              stroke={look.colour}
              strokeWidth={2}
              strokeDasharray={look.dash}
              dot={{ r: 2.5, fill: look.colour, strokeWidth: 0, strokeDasharray: 'none' }}
              activeDot={false}
              isAnimationActive={false}
              type="linear"
            >
              <ErrorBar dataKey="spread" width={3} strokeWidth={1} stroke={look.colour} direction="y" />
            </Line>
          ))}
        </LineChart>
      </ResponsiveContainer>
    </div>
  );
}
