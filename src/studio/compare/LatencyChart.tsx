import { useMemo } from 'react';
import { Bar, BarChart, ResponsiveContainer, XAxis } from 'recharts';
import styles from './compare.module.css';
import { histogramOf } from './histogram';
import { formatMs, type Timed } from './rows';

/** A histogram of both models' timings: the original in grey, the compressed model over it. */
export default function LatencyChart({ evaluation: { timings, latencyMs } }: { evaluation: Timed }) {
  const histogram = useMemo(() => histogramOf(timings.before, timings.after), [timings]);
  if (!histogram) return null;
  const { bins, width, beyond } = histogram;
  const summary =
    `The original takes ${formatMs(latencyMs.before.median)} in the median, ` +
    `the compressed model ${formatMs(latencyMs.after.median)}.`;
  return (
    <>
      <div className={styles.chart} role="img" aria-label={summary}>
        <ResponsiveContainer width="100%" height={84}>
          <BarChart
            data={bins as { from: number; before: number; after: number }[]}
            margin={{ top: 4, right: 2, bottom: 0, left: 2 }}
            barGap="-100%"
            barCategoryGap={1}
            accessibilityLayer={false}
          >
            <XAxis dataKey="from" hide />
            <Bar dataKey="before" fill="var(--quiet)" fillOpacity={0.45} isAnimationActive={false} />
            <Bar dataKey="after" fill="var(--kept)" fillOpacity={0.75} isAnimationActive={false} />
          </BarChart>
        </ResponsiveContainer>
      </div>
      <div className={styles.axis}>
        <span>{formatMs(bins[0].from)}</span>
        <span>
          <i className={styles.keyBefore} /> original <i className={styles.keyAfter} /> compressed
          {beyond > 0 && (
            <span
              title={`${beyond} of the runs took longer than the chart reaches`}
            >{` · ${beyond} off the chart`}</span>
          )}
        </span>
        <span>{formatMs(bins[bins.length - 1].from + width)}</span>
      </div>
    </>
  );
}
