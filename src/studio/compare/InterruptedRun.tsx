import { Button } from '@mantine/core';
import { isBusy } from '../state/jobs';
import { useStudio } from '../store';
import styles from './compare.module.css';

/** Offers a run again that a reload or a restart of the engine has ended. */
export function InterruptedRun() {
  const interrupted = useStudio((state) => state.interrupted);
  const busy = useStudio(isBusy);
  const continueRun = useStudio((state) => state.continueRun);
  const drop = useStudio((state) => state.dropInterrupted);
  // While it runs, the status bar shows it.
  if (!interrupted || busy) return null;
  const { run, done, total } = interrupted;
  return (
    <section className={styles.interrupted} aria-label="Interrupted run">
      <p role="status">
        Run {run} was interrupted{total > 0 && ` after ${done} of ${total} layers`}.
      </p>
      <Button size="compact-sm" onClick={() => void continueRun()}>
        Continue
      </Button>
      <Button size="compact-sm" variant="default" onClick={drop}>
        Drop it
      </Button>
    </section>
  );
}
