import { memo } from 'react';
import { ErrorBar, ReferenceLine } from 'recharts';
import type { SearchPoint, SearchReport } from '../../engine/page/light';
import { BytesChart, type DotProps, HIT_RADIUS } from '../charts/BytesChart';
import { formatBytes } from '../format';
import { useStudio } from '../store';
import { axesOf, dotsOf, frontOf, type SearchDot } from './axes';
import { FROM_WORDS, shownIn } from './describe';
import styles from './goal.module.css';

const LIMIT = { stroke: 'var(--hurts)', strokeDasharray: '5 4', ifOverflow: 'hidden' } as const;

/**
 * Bytes against points lost, a dot for each recipe: where it came from is its shape, whether it meets the goal its fill.
 * Choosing a dot draws that dot alone anew.
 */
export default memo(function SearchChart({ report }: { readonly report: SearchReport }) {
  const showPoint = useStudio((state) => state.showPoint);
  const axes = axesOf(report);
  const dots = dotsOf(report, axes);
  const front = frontOf(dots);
  // All bars at once would hide the dots.
  const barred = dots.map((dot) => (front.includes(dot) ? dot : { ...dot, spread: undefined }));
  const { limits } = axes;
  return (
    <div className={styles.chart}>
      {/* The table below tells the same. */}
      <div aria-hidden="true">
        <BytesChart
          height={270}
          top={16}
          bytes={axes.bytes}
          value={{ ...axes.value, format: formatTick }}
          dots={barred}
          front={front}
          draw={(dot) => <Dot {...dot} best={report.best} />}
          onPick={({ point }) => {
            if (point) showPoint(point.id);
          }}
          marks={<ErrorBar dataKey="spread" direction="y" width={5} stroke="var(--quiet)" strokeWidth={1} />}
        >
          {limits.bytes !== undefined && (
            <ReferenceLine
              {...LIMIT}
              x={limits.bytes}
              label={{ value: `≤ ${formatBytes(limits.bytes)}`, position: 'insideTopRight', ...LABEL }}
            />
          )}
          {limits.value !== undefined && (
            <ReferenceLine
              {...LIMIT}
              y={limits.value}
              label={{ value: `lose ≤ ${formatTick(limits.value).slice(1)}`, position: 'insideBottomRight', ...LABEL }}
            />
          )}
        </BytesChart>
      </div>
      <Key />
    </div>
  );
});

const LABEL = { fill: 'var(--hurts-text)', fontSize: 11 } as const;

const formatTick = (points: number): string => (points === 0 ? '0' : `−${+(-points).toPrecision(3)} pt`);

function Dot({ cx, cy, payload: { point }, best }: DotProps<SearchDot> & { readonly best: number | undefined }) {
  const isShown = useStudio(
    ({ search, shownPoint }) => search !== null && shownIn(search.report, shownPoint)?.id === point?.id,
  );
  if (!point)
    return (
      <g>
        <circle cx={cx} cy={cy} r={4} fill="var(--panel)" stroke="var(--kept)" strokeWidth={2} />
        <text x={cx} y={cy - 8} textAnchor="end" fill="var(--quiet)" fontSize={11}>
          original
        </text>
      </g>
    );
  return (
    <g style={{ cursor: 'pointer' }}>
      <title>{point.title}</title>
      <circle cx={cx} cy={cy} r={HIT_RADIUS} fill="transparent" />
      {isShown && <circle cx={cx} cy={cy} r={9} fill="none" stroke="var(--ink)" strokeWidth={1.5} />}
      <Mark cx={cx} cy={cy} from={point.from} isMet={point.meetsGoal} />
      {point.id === best && (
        <text x={cx} y={cy + 21} textAnchor="middle" fill="var(--ink)" fontSize={11}>
          best
        </text>
      )}
    </g>
  );
}

interface MarkProps {
  readonly cx: number;
  readonly cy: number;
  readonly from: SearchPoint['from'];
  readonly isMet: boolean;
}

/** A circle, a square or a triangle; full where the goal is met. */
function Mark({ cx, cy, from, isMet }: MarkProps) {
  const look = { fill: isMet ? 'var(--kept)' : 'var(--panel)', stroke: isMet ? 'var(--kept)' : 'var(--quiet)' };
  if (from === 'uniform') return <circle cx={cx} cy={cy} r={4} strokeWidth={1.5} {...look} />;
  if (from === 'knapsack')
    return <rect x={cx - 3.75} y={cy - 3.75} width={7.5} height={7.5} strokeWidth={1.5} {...look} />;
  return <path d={`M${cx - 4.5},${cy + 3.75}h9l-4.5,-8.25z`} strokeWidth={1.5} strokeLinejoin="round" {...look} />;
}

function Key() {
  return (
    <ul className={styles.key} aria-label="Key of the chart">
      {(['uniform', 'knapsack', 'swaps'] as const).map((from) => (
        <li key={from}>
          <svg width="12" height="12" aria-hidden="true">
            <Mark cx={6} cy={6} from={from} isMet={false} />
          </svg>
          {FROM_WORDS[from]}
        </li>
      ))}
      <li>
        <svg width="12" height="12" aria-hidden="true">
          <Mark cx={6} cy={6} from="uniform" isMet />
        </svg>
        full: meets the goal
      </li>
    </ul>
  );
}
