import { useState } from 'react';
import type { SearchPoint, SearchReport } from '../../engine/page/light';
import { formatBytes, formatShare } from '../format';
import { useStudio } from '../store';
import { frontIds } from './axes';
import { checkedLoss, FROM_WORDS, formatPoints } from './describe';
import styles from './goal.module.css';

/** All dots, the smallest first. Each row has a button that shows its recipe. */
export function PointTable({ report, shown }: { report: SearchReport; shown: number | undefined }) {
  const showPoint = useStudio((state) => state.showPoint);
  const [open, setOpen] = useState(false);
  const front = frontIds(report);
  const withLatency = report.points.some(({ latency }) => latency !== undefined);
  return (
    <details className={styles.table} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>All recipes as a table</summary>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
        <section className={styles.scroll} tabIndex={0} aria-label="Recipes of the search">
          <table>
            <caption className="hidden-text">Size and loss of every recipe that was found</caption>
            <thead>
              <tr>
                <th scope="col">recipe</th>
                <th scope="col">size</th>
                <th scope="col">points lost</th>
                <th scope="col">checked</th>
                {withLatency && <th scope="col">latency</th>}
                <th scope="col">goal</th>
              </tr>
            </thead>
            <tbody>
              {report.points
                .toSorted((a, b) => a.bytes - b.bytes)
                .map((point) => (
                  <tr key={point.id} data-shown={point.id === shown || undefined}>
                    <th scope="row">
                      <button type="button" aria-pressed={point.id === shown} onClick={() => showPoint(point.id)}>
                        {point.title}
                      </button>
                      <small>
                        {FROM_WORDS[point.from]}
                        {front.has(point.id) && ' · on the front'}
                        {point.id === report.best && ' · best so far'}
                      </small>
                    </th>
                    <td>
                      {formatBytes(point.bytes)}
                      <small>{formatShare(point.bytes / report.originalBytes)}</small>
                    </td>
                    <td>{formatPoints(point.loss, report.samples.search)}</td>
                    <td>{checkedIn(report, point)}</td>
                    {withLatency && <td>{point.latency === undefined ? '–' : formatShare(point.latency, 0)}</td>}
                    <td>{point.meetsGoal ? 'met' : 'not met'}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </section>
      )}
    </details>
  );
}

function checkedIn(report: SearchReport, point: SearchPoint): string {
  const checked = checkedLoss(report, point);
  return checked ? formatPoints(checked, report.samples.check) : '–';
}
