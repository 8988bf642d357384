import type { ReactElement, ReactNode } from 'react';
import { CartesianGrid, ComposedChart, Line, ResponsiveContainer, Scatter, XAxis, YAxis } from 'recharts';
import { formatBytes } from '../format';
import { TICK } from './look';

/** A dot: its bytes, and where it stands on the other axis. */
export interface BytesDot {
  readonly bytes: number;
  readonly value: number;
}

export interface ChartAxis {
  readonly domain: readonly [low: number, high: number];
  readonly ticks: readonly number[];
  readonly scale?: 'linear' | 'log' | 'sqrt';
}

/** What a dot is drawn from. */
export interface DotProps<Dot> {
  readonly cx: number;
  readonly cy: number;
  readonly payload: Dot;
}

/** A larger area than a dot, so that it is easy to hit. */
export const HIT_RADIUS = 11;

/** Room for the ticks of quality. */
const VALUE_WIDTH = 50;

/** Bytes against a figure of quality: dots that can be clicked, and a line through those that no other dot beats. */
export function BytesChart<Dot extends BytesDot>(props: {
  readonly height: number;
  readonly top?: number;
  readonly bytes: ChartAxis;
  readonly value: ChartAxis & { readonly reversed?: boolean; format(value: number): string };
  readonly dots: readonly Dot[];
  /** In the order of the line. */
  readonly front: readonly BytesDot[];
  readonly frontType?: 'linear' | 'stepAfter';
  draw(dot: DotProps<Dot>): ReactElement;
  onPick(dot: Dot): void;
  /** Labels and error bars of the dots. */
  readonly marks?: ReactNode;
  /** What lies behind the dots. */
  readonly children?: ReactNode;
}) {
  const { height, top = 26, bytes, value, dots, front, frontType = 'linear', draw, onPick, marks, children } = props;
  return (
    <ResponsiveContainer width="100%" height={height}>
      <ComposedChart margin={{ top, right: 14, bottom: 0, left: 0 }} accessibilityLayer={false}>
        <CartesianGrid vertical={false} stroke="var(--grid)" />
        <XAxis
          type="number"
          dataKey="bytes"
          scale={bytes.scale ?? 'linear'}
          domain={[...bytes.domain]}
          ticks={[...bytes.ticks]}
          tickFormatter={(tick: number) => (tick === 0 ? '0' : formatBytes(tick))}
          tickLine={false}
          axisLine={false}
          tick={TICK}
          height={20}
        />
        <YAxis
          type="number"
          dataKey="value"
          scale={value.scale ?? 'linear'}
          domain={[...value.domain]}
          reversed={value.reversed ?? false}
          ticks={[...value.ticks]}
          tickFormatter={value.format}
          tickLine={false}
          axisLine={false}
          tick={TICK}
          width={VALUE_WIDTH}
        />
        {children}
        <Line
          data={[...front]}
          dataKey="value"
          stroke="var(--kept)"
          strokeWidth={1.5}
          dot={false}
          activeDot={false}
          isAnimationActive={false}
          type={frontType}
        />
        <Scatter
          data={[...dots]}
          dataKey="value"
          isAnimationActive={false}
          shape={(dot: unknown) => draw(dot as DotProps<Dot>)}
          onClick={({ payload }: { payload?: Dot }) => {
            if (payload) onPick(payload);
          }}
        >
          {marks}
        </Scatter>
      </ComposedChart>
    </ResponsiveContainer>
  );
}
