import { memo, useMemo } from 'react';
import styles from './rank.module.css';

const WIDTH = 640;
const HEIGHT = 120;
const DECADES = 3;

/** Singular values on a log scale, relative to the largest, with the cut after `rank` and the break-even rank. */
export function SigmaCurve(props: {
  values: ArrayLike<number>;
  rank: number;
  breakEven: number;
  compare?: { readonly values: ArrayLike<number>; readonly name: string } | undefined;
}) {
  const { values, rank, breakEven, compare } = props;
  const count = values.length;
  const across = (term: number) => (100 * term) / count;
  return (
    <div className={styles.curve}>
      <div className={styles.plot}>
        <div className={styles.keptRegion} style={{ width: `${across(rank)}%` }} />
        <Lines values={values} compare={compare?.values} />
        {breakEven < count && (
          <div className={styles.breakEven} style={{ left: `${across(breakEven)}%` }}>
            <span>{Math.floor(breakEven)}: breaks even</span>
          </div>
        )}
        <div className={styles.cut} style={{ left: `${across(rank)}%` }} />
      </div>
      <div className={styles.axis}>
        <span>1</span>
        <span>
          singular values, 10⁰ to 10⁻³ of the first{compare && <span className={styles.other}> · {compare.name}</span>}
        </span>
        <span>{count}</span>
      </div>
    </div>
  );
}

// Drawn once per spectrum; only the cut moves with the slider.
const Lines = memo(function Lines(props: { values: ArrayLike<number>; compare: ArrayLike<number> | undefined }) {
  const line = useMemo(() => trace(props.values, props.values.length), [props.values]);
  const other = useMemo(
    () => props.compare && trace(props.compare, props.values.length),
    [props.compare, props.values.length],
  );
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label="Singular values, falling">
      {[1, 2].map((decade) => (
        <line key={decade} x1={0} x2={WIDTH} y1={(decade * HEIGHT) / DECADES} y2={(decade * HEIGHT) / DECADES} />
      ))}
      {other && <polyline points={other} className={styles.otherLine} />}
      <polyline points={line} />
    </svg>
  );
});

function trace(values: ArrayLike<number>, count: number): string {
  const points: string[] = [];
  for (let i = 0; i < Math.min(values.length, count); i++) {
    const decades = Math.min(DECADES, -Math.log10(Math.max(values[i] / values[0], 1e-9)));
    points.push(`${(((i + 0.5) / count) * WIDTH).toFixed(1)},${((decades / DECADES) * HEIGHT).toFixed(1)}`);
  }
  return points.join(' ');
}
