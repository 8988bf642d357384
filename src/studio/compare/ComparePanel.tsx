import { Button, SegmentedControl } from '@mantine/core';
import { lazy, Suspense, useEffect, useRef } from 'react';
import type { Provider, RunReport } from '../../engine/page/light';
import { isWrittenOtherwise } from '../aims';
import { formatInteger } from '../format';
import { isBusy, isRunning, userJob } from '../state/jobs';
import { onSoftware, SOFTWARE_SAMPLES } from '../state/runsSlice';
import { useStudio } from '../store';
import { ClassTable } from './ClassTable';
import { CompareOptions } from './CompareOptions';
import { ComparisonTable } from './ComparisonTable';
import styles from './compare.module.css';
import { describeAim, describeLoad } from './describe';
import { ExportSection } from './ExportSection';
import { InterruptedRun } from './InterruptedRun';
import { LatencyStrip } from './LatencyStrip';
import { LayerResults } from './LayerResults';
import { pointsOf } from './points';
import { describeChange } from './quality';
import { RunHistory } from './RunHistory';
import { describeState, isTimed, providerName } from './rows';

const SizeChart = lazy(() => import('./SizeChart'));
const LatencyChart = lazy(() => import('./LatencyChart'));

/** With fewer timings, most bins of a histogram would be empty. */
const FEWEST_FOR_BARS = 15;

/** What compression cost and what it saved: the current run against the original, and all runs. */
export default function ComparePanel() {
  const runs = useStudio((state) => state.runs);
  const currentRun = useStudio((state) => state.currentRun);
  const current = runs.find(({ run }) => run === currentRun);
  const evaluation = current?.evaluation;
  const change = evaluation && describeChange(evaluation);
  const load = current && describeLoad(current);
  const points = pointsOf(runs, currentRun);
  const settings = useStudio((state) => state.settings);
  const job = useStudio((state) => userJob(state)?.kind);
  const ticked = useStudio(({ included }) => included.size);
  const compressible = useStudio(({ model }) => model?.layers.some((layer) => layer.compressible) ?? false);
  useWrittenAsChosen(current);
  const otherwise = current && describeAim(current, settings);
  const state = describeState({
    job,
    compressed: current !== undefined,
    measured: evaluation !== undefined,
    timed: evaluation !== undefined && isTimed(evaluation),
    ticked,
    compressible,
  });
  return (
    <div className={styles.panel}>
      <div className={styles.half}>
        <section aria-labelledby="compare-title">
          <div className={styles.title}>
            <h2 id="compare-title">Compare</h2>
            {current && <span>Run {current.run}</span>}
          </div>
          <InterruptedRun />
          <Controls />
          <ComparisonTable run={current} />
          {change && <p className={styles.note}>{change}</p>}
          {evaluation?.perClass && <ClassTable classes={evaluation.perClass} />}
          {otherwise && <p className={styles.note}>{otherwise}</p>}
          {load && <p className={styles.note}>{load}</p>}
          {state && (
            <p className={styles.note} aria-live="polite">
              {state}
            </p>
          )}
        </section>
        {points && (
          <section aria-labelledby="compare-size">
            <div className={styles.title}>
              <h3 id="compare-size">Size against {points.metric.fullTitle}</h3>
              <span>{points.metric.better === 'lower' ? 'lower value on top' : 'all runs'}</span>
            </div>
            <Suspense fallback={<div className={styles.chart} aria-busy="true" />}>
              <SizeChart points={points} current={currentRun} />
            </Suspense>
          </section>
        )}
        {evaluation && isTimed(evaluation) && (
          <section aria-labelledby="compare-latency">
            <div className={styles.title}>
              <h3 id="compare-latency">
                Latency, {evaluation.timings.before.length} + {evaluation.timings.after.length} runs
              </h3>
              <span>{providerName(evaluation.provider)}</span>
            </div>
            {evaluation.timings.before.length < FEWEST_FOR_BARS ? (
              <LatencyStrip evaluation={evaluation} />
            ) : (
              <Suspense fallback={<div className={styles.chart} aria-busy="true" />}>
                <LatencyChart evaluation={evaluation} />
              </Suspense>
            )}
          </section>
        )}
      </div>
      {runs.length > 0 && (
        <div className={styles.half}>
          <RunHistory />
          {current && <ExportSection run={current} />}
          {current && <LayerResults result={current.result} />}
        </div>
      )}
    </div>
  );
}

/** Writes the shown run for another aim as soon as one is chosen, so that the sizes shown are those of an export. */
function useWrittenAsChosen(current: RunReport | undefined): void {
  const settings = useStudio((state) => state.settings);
  const busy = useStudio(isBusy);
  const isLost = useStudio(({ lostRuns }) => current !== undefined && lostRuns.has(current.run));
  const writeAsChosen = useStudio((state) => state.writeAsChosen);
  // Once for each choice. When the user cancels the writing, it must not start again.
  const asked = useRef('');
  const wanted =
    current && !isLost && isWrittenOtherwise(current.recipe, settings)
      ? JSON.stringify([current.run, settings.export])
      : '';
  useEffect(() => {
    if (busy || wanted === asked.current) return;
    asked.current = wanted;
    if (wanted !== '') void writeAsChosen(current!.run);
  }, [busy, wanted, current, writeAsChosen]);
}

/** Chooses what both models run on, and runs them. */
function Controls() {
  const engine = useStudio((state) => state.engine);
  const provider = useStudio((state) => state.provider);
  const setProvider = useStudio((state) => state.setProvider);
  const evaluate = useStudio((state) => state.evaluate);
  const busy = useStudio(isBusy);
  const comparing = useStudio(isRunning('evaluate'));
  const current = useStudio((state) => state.runs.find(({ run }) => run === state.currentRun));
  const slow = useStudio(onSoftware);
  const samples = useStudio((state) => state.data?.samples);
  if (!engine) return null;
  const measured = current?.evaluation;
  return (
    <>
      <div className={styles.controls}>
        <SegmentedControl
          size="xs"
          aria-label="Where both models run"
          value={provider}
          disabled={busy}
          onChange={(value) => setProvider(value as Provider)}
          data={engine.providers.map((name) => ({ value: name, label: providerName(name) }))}
        />
        <CompareOptions />
        <Button
          size="compact-sm"
          variant={current && measured?.provider !== provider ? 'filled' : 'default'}
          loading={comparing}
          disabled={!current || (busy && !comparing)}
          onClick={() => current && void evaluate(current.run)}
        >
          {measured ? 'Compare again' : 'Compare'}
        </Button>
      </div>
      {slow && (
        <p className={styles.note}>
          WebGPU is a software adapter here, about a hundred times slower than WASM
          {samples === undefined || samples > SOFTWARE_SAMPLES
            ? `, so ${samples === undefined ? `at most ${SOFTWARE_SAMPLES}` : `${SOFTWARE_SAMPLES} of ${formatInteger(samples)}`} samples are compared.`
            : '.'}
        </p>
      )}
    </>
  );
}
