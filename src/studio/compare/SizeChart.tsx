import { VisuallyHidden } from '@mantine/core';
import { LabelList } from 'recharts';
import { BytesChart, type DotProps, HIT_RADIUS } from '../charts/BytesChart';
import { roundTicks } from '../charts/ticks';
import { formatBytes } from '../format';
import { useStudio } from '../store';
import styles from './compare.module.css';
import { frontier, type Point, type Points } from './points';
import { formatTick } from './quality';

/** Every run by its bytes and its quality. Better quality is higher. A line joins the runs that no other run beats. */
export default function SizeChart({ points, current }: { points: Points; current: number | null }) {
  const showRun = useStudio((state) => state.showRun);
  const { metric } = points;
  const front = frontier(points);
  const others = points.points.filter((point) => !front.includes(point));
  const format = (value: number) => formatTick(metric, value);
  const [low, high] = paddedRange(points.points, metric);
  const largest = Math.max(...points.points.map(({ bytes }) => bytes));
  const dots: Drawn[] = [
    ...others.map((point) => ({ ...point, front: false })),
    ...front.map((point) => ({ ...point, front: true })),
  ];
  return (
    <>
      <div className={styles.chart} aria-hidden="true">
        <BytesChart
          height={202}
          bytes={{ domain: [0, largest * 1.04], ticks: roundTicks(0, largest * 1.04, 3) }}
          value={{ domain: [low, high], ticks: roundTicks(low, high, 4), reversed: metric.better === 'lower', format }}
          dots={dots}
          front={front}
          draw={(dot) => <Dot {...dot} current={current} />}
          onPick={({ run }) => {
            if (run !== null) void showRun(run);
          }}
          marks={
            <LabelList
              dataKey="run"
              content={(label) => <Label {...(label as LabelProps)} dots={dots} current={current} />}
            />
          }
        />
      </div>
      {points.apart > 0 && (
        <p className={styles.note}>
          {points.apart} {points.apart === 1 ? 'run was' : 'runs were'} measured on other data and{' '}
          {points.apart === 1 ? 'is' : 'are'} left out.
        </p>
      )}
      <VisuallyHidden>
        <table>
          <caption>Size and {metric.fullTitle} of all runs</caption>
          <thead>
            <tr>
              <th scope="col">run</th>
              <th scope="col">size</th>
              <th scope="col">{metric.fullTitle}</th>
            </tr>
          </thead>
          <tbody>
            {points.points.map(({ run, bytes, value }) => (
              <tr key={run ?? 'original'}>
                <th scope="row">{run === null ? 'original' : run === current ? `${run}, shown now` : run}</th>
                <td>{formatBytes(bytes)}</td>
                <td>{format(value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </VisuallyHidden>
    </>
  );
}

type Drawn = Point & { readonly front: boolean };

function Dot({ cx, cy, payload, current }: DotProps<Drawn> & { current: number | null }) {
  const shown = payload.run !== null && payload.run === current;
  const original = payload.run === null;
  return (
    <g style={{ cursor: original ? 'default' : 'pointer' }}>
      <circle cx={cx} cy={cy} r={HIT_RADIUS} fill="transparent" />
      <circle
        cx={cx}
        cy={cy}
        r={shown ? 6.5 : 4}
        fill={original ? 'var(--panel)' : shown || payload.front ? 'var(--kept)' : 'var(--quiet)'}
        stroke={shown ? 'var(--ink)' : original ? 'var(--kept)' : 'none'}
        strokeWidth={2}
      />
    </g>
  );
}

interface LabelProps {
  readonly index: number;
  readonly x: number;
  readonly y: number;
}

function Label({ index, x, y, dots, current }: LabelProps & { dots: readonly Point[]; current: number | null }) {
  const dot = dots[index];
  if (!dot || (dot.run !== null && dot.run !== current)) return null;
  // In the right half, a label that starts at its dot would not fit into the chart.
  const right = dot.bytes > 0.5 * Math.max(...dots.map(({ bytes }) => bytes));
  return (
    <text
      x={x}
      // The line goes down from the original to the run, so their labels are above and below it.
      y={y + (dot.run === null ? -9 : 20)}
      textAnchor={right ? 'end' : 'start'}
      fill="var(--quiet)"
      fontSize={11}
    >
      {dot.run === null ? 'original' : 'this run'}
    </text>
  );
}

/** The range of the values with some room above and below. Shares stay in 0…1, cosines in −1…1, others above 0. */
function paddedRange(points: readonly Point[], { scale }: Points['metric']): [number, number] {
  const isOpen = scale === 'ratio' || scale === 'distance';
  const values = points.map(({ value }) => value);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = Math.max(0.15 * (high - low), isOpen ? 0.02 * high : 0.01);
  return isOpen
    ? [Math.max(0, low - room), high + room]
    : [Math.max(scale === 'cosine' ? -1 : 0, low - room), Math.min(1, high + room)];
}
