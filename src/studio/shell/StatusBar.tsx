import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { headlineOf } from '../../engine/evaluation/metrics/metrics';
import { headline } from '../compare/quality';
import { formatBytes, formatSecondsLeft } from '../format';
import { CANCELLABLE } from '../state/jobs';
import type { JobState } from '../store';
import { useStudio } from '../store';

/** What runs, how far it is, how long it takes yet, and the way to stop it. */
export function StatusBar() {
  const job = useStudio((state) => state.job);
  const background = useStudio((state) => state.background);
  const previewing = useStudio((state) => state.previewing);
  const paused = useStudio((state) => state.spectraPaused && state.model !== null);
  const shown = job ?? background ?? previewing;
  return (
    <footer className="status" data-busy={shown || paused ? true : undefined}>
      {shown ? <Running job={shown} /> : paused ? <Paused /> : <span className="status-label">Ready</span>}
      <LatestRun />
      <span className="status-promise">Nothing leaves this machine</span>
    </footer>
  );
}

/** Says that a result has arrived to those who do not see it appear. */
function LatestRun() {
  const latest = useStudio(({ runs }) => runs.at(-1));
  return (
    <span role="status" className="hidden-text">
      {latest &&
        `Run ${latest.run}: ${formatBytes(latest.result.before.bytes)} to ${formatBytes(latest.result.after.bytes)}${
          latest.evaluation
            ? `, ${headlineOf(latest.evaluation).metric.fullTitle} ${headline(latest.evaluation)}.`
            : '.'
        }`}
    </span>
  );
}

function Running({ job }: { job: JobState }) {
  const cancel = useStudio((state) => state.cancel);
  const stopNow = useStudio((state) => state.stopNow);
  const unheard = useUnheard(job.cancelling);
  const { kind, label, done, total, secondsLeft, cancelling } = job;
  return (
    <>
      <div
        className="status-bar"
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        {...(total > 0 && { 'aria-valuenow': Math.round((100 * done) / total) })}
        data-indeterminate={total === 0 || undefined}
      >
        <div style={{ width: total > 0 ? `${(100 * done) / total}%` : undefined }} />
      </div>
      <span className="status-label" title={label}>
        {cancelling ? 'Stopping…' : label}
      </span>
      {total > 1 && (
        <span className="status-count">
          {/* Layers and samples are counted; nobody counts bytes. */}
          {total < 10_000 ? `${Math.floor(done)} of ${total}` : `${Math.floor((100 * done) / total)} %`}
        </span>
      )}
      {secondsLeft !== undefined && <span className="status-count">{formatSecondsLeft(secondsLeft)}</span>}
      {CANCELLABLE.has(kind) && (!cancelling || !unheard) && (
        <Button size="compact-xs" variant="default" disabled={cancelling} onClick={() => void cancel()} title="Esc">
          Cancel
        </Button>
      )}
      {cancelling && unheard && (
        <Button
          size="compact-xs"
          variant="default"
          onClick={() => void stopNow()}
          title="Starts the engine again, with the same model open"
        >
          Stop now
        </Button>
      )}
    </>
  );
}

/** Whether a cancelled job still runs after a moment: then it may hang. */
function useUnheard(cancelling: boolean): boolean {
  const [unheard, setUnheard] = useState(false);
  useEffect(() => {
    setUnheard(false);
    if (!cancelling) return;
    const timer = setTimeout(() => setUnheard(true), 2000);
    return () => clearTimeout(timer);
  }, [cancelling]);
  return unheard;
}

function Paused() {
  const resume = useStudio((state) => state.resumeSpectra);
  return (
    <>
      <span className="status-label">Measuring spectra is paused</span>
      <Button size="compact-xs" variant="default" onClick={() => void resume()}>
        Resume
      </Button>
    </>
  );
}
