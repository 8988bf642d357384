import { CloseButton } from '@mantine/core';
import { headlineOf } from '../../engine/page/light';
import { formatBytes } from '../format';
import { isBusy } from '../state/jobs';
import { useStudio } from '../store';
import styles from './compare.module.css';
import { describeRuns } from './describe';
import { headline } from './quality';

/** All runs, the latest first. Choosing a run shows it, and loads its recipe into the workbench. */
export function RunHistory() {
  const runs = useStudio((state) => state.runs);
  const currentRun = useStudio((state) => state.currentRun);
  const showRun = useStudio((state) => state.showRun);
  const forgetRun = useStudio((state) => state.forgetRun);
  const busy = useStudio(isBusy);
  const described = describeRuns(runs);
  const metrics = new Set(
    runs.flatMap(({ evaluation }) => (evaluation ? [headlineOf(evaluation).metric.fullTitle] : [])),
  );
  return (
    <section aria-labelledby="compare-runs">
      <div className={styles.title}>
        <h3 id="compare-runs">Runs</h3>
        <span>
          {metrics.size === 1 ? `size, ${[...metrics][0]}` : `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}`}
        </span>
      </div>
      <ol className={styles.runs} reversed>
        {runs.toReversed().map((report) => {
          const { run, result, evaluation } = report;
          const words = described.get(run)!;
          return (
            <li key={run} data-current={run === currentRun || undefined}>
              <button
                type="button"
                aria-current={run === currentRun || undefined}
                title={`Return to run ${run}: ${words}${evaluation ? `; ${headlineOf(evaluation).metric.fullTitle} ${headline(evaluation)}` : ''}`}
                onClick={() => void showRun(run)}
              >
                <span className={styles.runNumber}>{run}</span>
                <span className={styles.runWords}>{words}</span>
                <span>{formatBytes(result.after.bytes)}</span>
                <span>{evaluation ? headline(evaluation) : 'not run'}</span>
              </button>
              <CloseButton
                size="xs"
                aria-label={`Forget run ${run}`}
                title={`Forget run ${run}`}
                disabled={busy}
                onClick={() => void forgetRun(run)}
              />
            </li>
          );
        })}
      </ol>
    </section>
  );
}
