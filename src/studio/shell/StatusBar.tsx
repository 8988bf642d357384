import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { headlineOf } from '../../engine/page/light';
import { headline } from '../compare/quality';
import { formatBytes, formatSecondsLeft } from '../format';
import { CANCELLABLE, nameOf, shownJob } from '../state/jobs';
import { isKept } from '../state/projectsSlice';
import type { StudioJob } from '../store';
import { useStudio } from '../store';

/** Shows the running job, its progress, the time left, and a button that cancels it. */
export function StatusBar() {
  const paused = useStudio((state) => state.spectraPaused && state.model !== null);
  const shown = useStudio(shownJob);
  return (
    <footer className="status" data-busy={shown || paused ? true : undefined}>
      {shown ? <Running job={shown} /> : paused ? <Paused /> : <span className="status-label">Ready</span>}
      <LatestRun />
      <Promises />
    </footer>
  );
}

/** Says whether a reload brings the open model back, and that nothing is sent anywhere. */
function Promises() {
  const kept = useStudio(isKept);
  const readOnly = useStudio((state) => state.readOnly && state.model !== null);
  return (
    <span className="status-promise">
      {readOnly
        ? 'Another tab keeps this model: changes here are not kept'
        : kept
          ? 'Kept in this browser · nothing leaves this machine'
          : 'Nothing leaves this machine'}
    </span>
  );
}

/** Announces a new result to screen readers. */
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

function Running({ job }: { job: StudioJob }) {
  const cancel = useStudio((state) => state.cancel);
  const stopNow = useStudio((state) => state.stopNow);
  const { kind, progress } = job;
  const stopping = job.status === 'stopping';
  const unheard = useUnheard(stopping);
  const label = nameOf(job);
  const { done, total, secondsLeft } = progress ?? { done: 0, total: 0 };
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
        {stopping ? 'Stopping…' : label}
      </span>
      {total > 1 && (
        <span className="status-count">
          {/* Counts of layers and samples are shown; counts of bytes would tell a reader nothing. */}
          {total < 10_000 ? `${Math.floor(done)} of ${Math.round(total)}` : `${Math.floor((100 * done) / total)} %`}
        </span>
      )}
      {secondsLeft !== undefined && <span className="status-count">{formatSecondsLeft(secondsLeft)}</span>}
      {CANCELLABLE.has(kind) && (!stopping || !unheard) && (
        <Button size="compact-xs" variant="default" disabled={stopping} onClick={cancel} title="Esc">
          Cancel
        </Button>
      )}
      {stopping && unheard && (
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

/** Whether a cancelled job is still running after a while: it may hang. */
function useUnheard(stopping: boolean): boolean {
  const [unheard, setUnheard] = useState(false);
  useEffect(() => {
    setUnheard(false);
    if (!stopping) return;
    const timer = setTimeout(() => setUnheard(true), 2000);
    return () => clearTimeout(timer);
  }, [stopping]);
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
