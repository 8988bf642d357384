import { Button, SegmentedControl } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import type { DataReport, EqualBytesReport, LayerReport, ModelReport } from '../../engine/page/light';
import { callback, engine } from '../engine';
import { formatBytes } from '../format';
import { variantNames } from '../methods';
import { isBusy, isRunning } from '../state/jobs';
import { useStudio } from '../store';
import { EqualBytesTable, MissingPoints } from './EqualBytesTable';
import { formatSize } from './series';

const EqualBytesChart = lazy(() => import('./EqualBytesChart'));

/** Shares of the dense bytes at which methods are compared. */
const SIZES = [0.5, 0.25, 0.125, 0.0625];

/** What each method loses on the layers in view for the same stored bytes. */
export function EqualBytesCard({ layers }: { layers: readonly LayerReport[] }) {
  const model = useStudio((state) => state.model);
  const runJob = useStudio((state) => state.runJob);
  const busy = useStudio(isBusy);
  const running = useStudio(isRunning('methods'));
  const data = useStudio((state) => state.data);
  const [found, setFound] = useState<Found | null>(null);
  const [of, setOf] = useState<'weight' | 'output'>('output');
  const report = found && isCurrent(found, model, data) ? found.report : undefined;
  const withOutputs = report !== undefined && hasOutputs(report);
  const shown = withOutputs ? of : 'weight';
  const compare = async () => {
    let isAtWork = true;
    const show = (partial: EqualBytesReport, isWhole: boolean) => setFound({ model, data, report: partial, isWhole });
    // Reports come by another port than the answer, maybe after it.
    const onReport = (partial: EqualBytesReport) => isAtWork && show(partial, false);
    setFound(null);
    const answer = await runJob('methods', 'Comparing methods', (job) =>
      engine.equalBytes(
        layers.map(({ id }) => id),
        SIZES,
        callback(onReport),
        job,
      ),
    );
    isAtWork = false;
    if (answer) show(answer, true);
  };
  return (
    <section className="card" aria-label="Methods at equal bytes">
      <div className="card-title equal-title">
        <h2>Methods at equal bytes</h2>
        <span />
        {withOutputs && (
          <SegmentedControl
            size="xs"
            aria-label="Error of"
            value={shown}
            onChange={(value) => setOf(value as typeof of)}
            data={[
              { value: 'weight', label: 'Weight' },
              { value: 'output', label: 'Output' },
            ]}
          />
        )}
        <Button
          size="compact-xs"
          variant="default"
          loading={running}
          disabled={busy && !running}
          onClick={() => void compare()}
        >
          Compare methods at equal bytes
        </Button>
      </div>
      {!report && (
        <p className="preview-note">
          Runs every method by itself on {layers.length === 1 ? 'this layer' : 'these layers'}, at{' '}
          {SIZES.map(formatSize).join(', ')} of the bytes, and draws the error of each as it comes.
        </p>
      )}
      {report && (
        <>
          {report.points.length > 0 && (
            <Suspense fallback={<div className="equal-chart" aria-busy="true" />}>
              <EqualBytesChart report={report} of={shown} />
            </Suspense>
          )}
          <EqualBytesTable report={report} of={shown} />
          {!running && found?.isWhole === false && (
            <p className="preview-note">Stopped before all methods were measured. What was measured stays.</p>
          )}
          <MissingPoints report={report} />
          <p className="preview-legend">
            {describeLayers(report)}. Each method runs with the options that its form begins with; all errors are
            measured. A layer that a method cannot take stays dense, and its bytes count.{' '}
            {shown === 'output'
              ? `The output's error is on the calibration data, computed from XᵀX. These variants use that data: ${variantNames().join(', ')}.`
              : withOutputs
                ? 'A small error of the weights does not promise good answers. Output shows the error of the output of the layer, and the variants that use data.'
                : `A small error of the weights does not promise good answers. With data open, the error of the output is measured too, and these variants that use the data: ${variantNames().join(', ')}.`}
          </p>
        </>
      )}
    </section>
  );
}

interface Found {
  readonly model: ModelReport | null;
  readonly data: DataReport | null;
  readonly report: EqualBytesReport;
  /** False while methods are still being measured, and after a cancellation. */
  readonly isWhole: boolean;
}

const hasOutputs = ({ points }: EqualBytesReport): boolean =>
  points.some(({ outputError }) => outputError !== undefined);

/** Errors of outputs are those on the data that was open; errors of weights depend on no data. */
const isCurrent = ({ report, ...then }: Found, model: ModelReport | null, data: DataReport | null): boolean =>
  then.model === model && (then.data === data || !hasOutputs(report));

const describeLayers = ({ layers, denseBytes }: EqualBytesReport): string =>
  `${layers.length === 1 ? layers[0] : `${layers[0]} and ${layers.length - 1} more`}, ${formatBytes(denseBytes)} when dense`;
