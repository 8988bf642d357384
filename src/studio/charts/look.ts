/** What charts of the page have in common, as properties of recharts' parts. */

export const TICK = { fill: 'var(--quiet)', fontSize: 11 };

/** A logarithmic axis without a line of its own. */
export const LOG_AXIS = {
  type: 'number',
  scale: 'log',
  tickLine: false,
  axisLine: false,
  tick: TICK,
  allowDataOverflow: true,
} as const;

/** A method's curve with a dot at each of its points. `radius`: of the dots, in pixels. */
export const curveOf = ({ colour, dash }: { readonly colour: string; readonly dash?: string }, radius: number) =>
  ({
    dataKey: 'y',
    stroke: colour,
    strokeWidth: 2,
    strokeDasharray: dash,
    dot: { r: radius, fill: colour, strokeWidth: 0, strokeDasharray: 'none' },
    activeDot: false,
    isAnimationActive: false,
    type: 'linear',
  }) as const;
