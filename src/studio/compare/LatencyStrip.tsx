import styles from './compare.module.css';
import { formatMs, type Timed } from './rows';

const SIDES = [
  { side: 'before', name: 'original' },
  { side: 'after', name: 'compressed' },
] as const;

/** The timings of both models, one tick for each. The tall tick is the median. */
export function LatencyStrip({ evaluation: { timings, latencyMs } }: { evaluation: Timed }) {
  const all = [...timings.before, ...timings.after];
  const low = Math.min(...all);
  const high = Math.max(...all);
  const place = (ms: number) => (high > low ? `${(100 * (ms - low)) / (high - low)}%` : '50%');
  const summary = SIDES.map(
    ({ side, name }) => `${name}: ${timings[side].length} runs, ${formatMs(latencyMs[side].median)} in the median`,
  ).join('; ');
  return (
    <div className={styles.strips} role="img" aria-label={summary}>
      {SIDES.map(({ side, name }) => (
        <div key={side} className={styles.strip} data-side={side}>
          <span>{name}</span>
          <div className={styles.ticks}>
            {timings[side].map((ms, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: equal timings differ only by their position
              <i key={index} style={{ left: place(ms) }} title={formatMs(ms)} />
            ))}
            <b style={{ left: place(latencyMs[side].median) }} title={`median ${formatMs(latencyMs[side].median)}`} />
          </div>
        </div>
      ))}
      <div className={styles.strip}>
        <span />
        <div className={styles.axis}>
          <span>{formatMs(low)}</span>
          <span>tall: the median</span>
          <span>{formatMs(high)}</span>
        </div>
      </div>
    </div>
  );
}
