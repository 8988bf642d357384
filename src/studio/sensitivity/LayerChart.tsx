import { CartesianGrid, ErrorBar, Line, LineChart, ResponsiveContainer, XAxis, YAxis } from 'recharts';
import { curveOf, LOG_AXIS } from '../charts/look';
import { halvings } from '../charts/ticks';
import { type DamageScale, formatDamage, formatLevel } from './damageScale';
import type { LayerLine } from './layerLines';

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
            {...LOG_AXIS}
            dataKey="x"
            domain={[least, most]}
            ticks={halvings(least, most)}
            tickFormatter={formatLevel}
            height={20}
          />
          <YAxis
            {...LOG_AXIS}
            domain={[scale.least, scale.most]}
            ticks={[...scale.ticks]}
            tickFormatter={formatDamage}
            width={44}
          />
          {lines.map(({ key, look, points }) => (
            <Line
              key={key}
              data={points.map(({ x, y, error }) => ({
                x,
                y: drawn(y),
                spread: [drawn(y) - drawn(y - error), error] as [number, number],
              }))}
              {...curveOf(look, 2.5)}
            >
              <ErrorBar dataKey="spread" width={3} strokeWidth={1} stroke={look.colour} direction="y" />
            </Line>
          ))}
        </LineChart>
      </ResponsiveContainer>
    </div>
  );
}
