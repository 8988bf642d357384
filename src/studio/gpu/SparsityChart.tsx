import { CartesianGrid, Line, LineChart, ReferenceLine, ResponsiveContainer, XAxis, YAxis } from 'recharts';
import type { SparsityCurve } from '../../engine/page/measuring';
import { formatShare } from '../format';

const COLOURS = ['var(--kept)', 'var(--second)', 'var(--quiet)'];
const tick = { fill: 'var(--quiet)', fontSize: 11 };
const percent = (share: number) => formatShare(share, 0);
const tokensOf = (tokens: number) => (tokens === 1 ? '1 token' : `${tokens} tokens`);

/** How many times faster than dense, over the share of zeros: one curve for each number of tokens, with its break-even
 * point. */
export default function SparsityChart({ curves }: { curves: readonly SparsityCurve[] }) {
  const summaries = curves.map(({ tokens, breakEven, points }) => {
    const top = points[points.length - 1]!;
    const from = breakEven === null ? 'never faster here' : `faster from ${percent(breakEven)} zeros on`;
    return `${tokensOf(tokens)}: ${from}, ${top.timesFaster.toPrecision(2)} times at ${percent(top.sparsity)}`;
  });
  return (
    <>
      <div role="img" aria-label={`Speed of sparse products against dense ones. ${summaries.join('; ')}.`}>
        <ResponsiveContainer width="100%" height={220}>
          <LineChart margin={{ top: 8, right: 8, bottom: 0, left: 0 }} accessibilityLayer={false}>
            <CartesianGrid vertical={false} stroke="var(--grid)" />
            <XAxis
              type="number"
              dataKey="sparsity"
              domain={[0.5, 1]}
              ticks={[0.5, 0.6, 0.7, 0.8, 0.9, 1]}
              tickFormatter={percent}
              tickLine={false}
              axisLine={false}
              tick={tick}
            />
            <YAxis
              type="number"
              tickFormatter={(times: number) => `${times}×`}
              width={40}
              tickLine={false}
              axisLine={false}
              tick={tick}
            />
            <ReferenceLine y={1} stroke="var(--quiet)" strokeDasharray="3 3" />
            {curves.map(({ tokens, points }, at) => (
              <Line
                key={tokens}
                data={[...points]}
                dataKey="timesFaster"
                stroke={COLOURS[at % COLOURS.length]!}
                strokeWidth={2}
                dot={{ r: 2.5 }}
                isAnimationActive={false}
                type="linear"
              />
            ))}
          </LineChart>
        </ResponsiveContainer>
      </div>
      <ul className="gpu-key">
        {summaries.map((summary, at) => (
          <li key={summary}>
            <i style={{ background: COLOURS[at % COLOURS.length] }} /> {summary}
          </li>
        ))}
      </ul>
    </>
  );
}
