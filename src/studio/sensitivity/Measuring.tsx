import { Button } from '@mantine/core';
import { useState } from 'react';
import type { SensitivityReport } from '../../engine/page/light';
import { sensitivityLines } from '../../engine/page/planning';
import { formatInteger, formatSecondsLeft } from '../format';
import { isRunning } from '../state/jobs';
import { useStudio } from '../store';
import { MeasureForm } from './MeasureForm';

/** Starts and stops the measuring, and says how far it is and on what it measures. */
export function Measuring({ report }: { report: SensitivityReport | null }) {
  const measure = useStudio((state) => state.measureSensitivity);
  const stop = useStudio((state) => state.stopSensitivity);
  const request = useStudio((state) => state.sensitivityRequest);
  const job = useStudio(({ jobs }) => jobs.find(({ kind }) => kind === 'sensitivity'));
  const running = useStudio(isRunning('sensitivity'));
  const withData = useStudio(({ data }) => data !== null && !data.generated);
  const [isAsking, setAsking] = useState(false);
  const secondsLeft = job?.progress?.secondsLeft;
  return (
    <div className="sensitivity-head">
      <h2>Sensitivity</h2>
      <p>{report ? describeReport(report) : 'Nothing is measured yet.'}</p>
      {job && (
        <span className="sensitivity-left">
          {running ? (secondsLeft === undefined ? 'measuring…' : formatSecondsLeft(secondsLeft)) : 'waiting'}
        </span>
      )}
      {job ? (
        <Button size="compact-xs" variant="default" disabled={job.status === 'stopping'} onClick={stop}>
          Stop measuring
        </Button>
      ) : (
        <>
          {report && report.open > 0 && request && (
            <Button size="compact-xs" onClick={() => void measure(request)}>
              Go on measuring
            </Button>
          )}
          <Button
            size="compact-xs"
            variant={report ? 'default' : 'filled'}
            aria-haspopup="dialog"
            onClick={() => setAsking(true)}
          >
            {report ? 'Measure more…' : 'Measure sensitivity…'}
          </Button>
        </>
      )}
      {isAsking && (
        <MeasureForm
          lines={sensitivityLines(withData)}
          request={request}
          onMeasure={(wanted) => void measure(wanted)}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}

/** "312 of 480 cells measured on 64 samples of test.npz". */
function describeReport({ measured, open, samples, samplesOf, data, generated }: SensitivityReport): string {
  const of = samplesOf !== undefined && samplesOf > samples ? ` of ${formatInteger(samplesOf)}` : '';
  const what = open > 0 ? `${formatInteger(measured)} of ${formatInteger(measured + open)}` : formatInteger(measured);
  return `${what} evaluations, each on ${formatInteger(samples)}${of} samples of ${generated ? 'generated inputs' : data}`;
}
