import { Button } from '@mantine/core';
import { useDeferredValue } from 'react';
import { formatSecondsLeft } from '../format';
import { isRunning, userJob } from '../state/jobs';
import { isOfOtherData } from '../state/searchSlice';
import { useStudio } from '../store';
import { describeBest, describeMeasured, describeStage, metricTitle, shownIn } from './describe';
import styles from './goal.module.css';
import { PointDetails } from './PointDetails';
import { PointTable } from './PointTable';
import SearchChart from './SearchChart';

/** What a search has found so far: a chart of its dots, the dot that is looked at, and all of them as a table. */
export default function SearchResult() {
  const search = useStudio((state) => state.search);
  const chosen = useStudio((state) => state.shownPoint);
  const forgetSearch = useStudio((state) => state.forgetSearch);
  const searching = useStudio(isRunning('search'));
  const isElsewhere = useStudio(isOfOtherData);
  // Typing and dragging come before dots.
  const drawn = useDeferredValue(search?.report);
  if (!search || !drawn) return null;
  const { report } = search;
  const shown = shownIn(report, chosen);
  const best = describeBest(report);
  return (
    <div className={styles.result}>
      <div className={styles.title}>
        <h2>Size against {metricTitle(report)}</h2>
        <span className={styles.stage}>
          <span role="status">{describeStage(search)}</span>
          {` · ${report.points.length} ${report.points.length === 1 ? 'recipe' : 'recipes'} · ${report.evaluations} ${report.evaluations === 1 ? 'evaluation' : 'evaluations'}`}
          {searching && <TimeLeft />}
        </span>
        {!searching && (
          <Button size="compact-xs" variant="subtle" color="gray" onClick={forgetSearch}>
            Remove
          </Button>
        )}
      </div>
      {isElsewhere && (
        <p className={styles.warning}>
          These recipes were measured on {search.data?.name ?? 'generated inputs'}. Other data is open now: search again
          to measure on it.
        </p>
      )}
      {report.outOfReach && <OutOfReach />}
      {best && (
        <p className={styles.best}>
          {searching ? 'Best so far that meets the goal' : 'Best that meets the goal'}: {best}.
        </p>
      )}
      {report.points.length > 0 && (
        <>
          <div className={styles.columns}>
            <SearchChart report={drawn} />
            {shown && <PointDetails report={report} point={shown} />}
          </div>
          <PointTable report={drawn} shown={shown?.id} />
        </>
      )}
      <p className={styles.quiet}>{describeMeasured(report)}</p>
    </div>
  );
}

function TimeLeft() {
  const seconds = useStudio((state) => userJob(state)?.progress?.secondsLeft);
  return seconds === undefined ? null : ` · ${formatSecondsLeft(seconds)}`;
}

/** Why the goal cannot be reached, as far as the search can tell, and the nearest that can. */
function OutOfReach() {
  const report = useStudio(({ search }) => search?.report);
  const showPoint = useStudio((state) => state.showPoint);
  const { reason, nearest } = report?.outOfReach ?? {};
  const point = report?.points.find(({ id }) => id === nearest);
  return (
    <p className={styles.warning}>
      <span>Out of reach: {reason}</span>
      {point && (
        <Button size="compact-xs" variant="default" onClick={() => showPoint(point.id)}>
          Show the nearest: {point.title}
        </Button>
      )}
    </p>
  );
}
