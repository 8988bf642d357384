import { Button } from '@mantine/core';
import { lazy, Suspense, useEffect } from 'react';
import { formWords, type LayerReport, type StackPreview, type StepReport } from '../../engine/page/light';
import { formatDuration } from '../compare/rows';
import { planOf } from '../cost';
import { formatBytes, formatCount, formatError } from '../format';
import { checked, formOf } from '../methods';
import { isBusy, isRunning } from '../state/jobs';
import { useStudio } from '../store';
import { layerToTry } from '../studioCosts';
import { LayerTimesTable } from './LayerTimesTable';
import { useLayerTimes } from './useLayerTimes';
import { usePlans } from './usePlans';
import type { StackView } from './useStack';

const PreviewPictures = lazy(() => import('./PreviewPictures'));

/** With more weights than this a trial takes so long that it starts only when the user asks for it. */
const AT_ONCE = 2 ** 22;

/** The stack applied to the first layer in view that its steps change: what is measured, and pictures of it. */
export function PreviewCard({ view }: { view: StackView }) {
  const layer = layerToTry(view.layers, usePlans(), view.index);
  const trial = useStudio((state) => state.trial);
  const previewing = useStudio(isRunning('preview'));
  const wanted = useStudio((state) => state.trialKey(layer.id));
  const valid = view.stack.length > 0 && view.stack.every((step) => 'options' in checked(step));
  const automatic = layer.parameters <= AT_ONCE;
  useTrials(layer, valid && automatic, wanted);
  const fresh = trial?.key === wanted;
  const backend = useStudio(({ engine }) => engine?.backend);
  const { times, isFresh, why } = useLayerTimes(layer, valid && (automatic || fresh));
  // The last trial stays visible until the next one is there, so that the page does not jump.
  const shown = trial?.result?.layer === layer.id && valid ? trial.result : undefined;
  return (
    <section className="card" aria-label="Tried on a layer" aria-busy={previewing || undefined}>
      <div className="card-title">
        <h2>Tried on {view.layers.length === 1 ? 'this layer' : <b>{layer.name}</b>}</h2>
        <span>
          {previewing
            ? 'trying…'
            : fresh && shown
              ? `measured in ${formatDuration(shown.ms)}`
              : shown
                ? 'from before the last change'
                : ''}
        </span>
      </div>
      {!valid && (
        <p className="preview-note">
          {view.stack.length === 0
            ? 'Without a step there is nothing to try.'
            : 'A step is not complete: nothing to try yet.'}
        </p>
      )}
      {layer !== view.layers[0] && <Elsewhere view={view} layer={layer} />}
      {fresh && !trial.result && <Without layer={layer} fault={trial.fault} />}
      {valid && !automatic && !shown && !previewing && !fresh && <Without layer={layer} large />}
      {valid && !shown && (previewing || (automatic && !fresh)) && (
        <p className="preview-note">The steps are tried on the layer as soon as nothing else runs.</p>
      )}
      {shown && (
        <div data-stale={!fresh || undefined} className="preview">
          <StepsTable steps={shown.steps} preview={shown} />
          <Suspense fallback={<div className="preview-pictures" aria-busy="true" />}>
            <PreviewPictures preview={shown} step={view.index} />
          </Suspense>
        </div>
      )}
      {shown && !fresh && !automatic && !previewing && <Without layer={layer} large />}
      {times && backend && <LayerTimesTable times={times} isFresh={isFresh} why={why} backend={backend} />}
      {!times && why && <p className="preview-note">{why}</p>}
    </section>
  );
}

/** Why the trial is not on the layer in the workbench's title. */
function Elsewhere({ view: { layers, stack }, layer }: { view: StackView; layer: LayerReport }) {
  const [first] = layers;
  const { steps } = planOf(first, usePlans(), stack);
  const left = steps.find(({ skipped }) => skipped !== undefined);
  if (!left) return null;
  const whole = steps.every(({ skipped }) => skipped !== undefined);
  return (
    <p className="preview-note">
      {whole ? `${first.name} stays as it is` : `Not every step changes ${first.name}`} ({left.skipped}); tried on{' '}
      {layer.name}.
    </p>
  );
}

/** Asks again when the question changes, and when a job that was in the way has ended. */
function useTrials(layer: LayerReport, wanted: boolean, key: string): void {
  const tryStack = useStudio((state) => state.tryStack);
  const busy = useStudio((state) => isBusy(state) || isRunning('preview')(state));
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` and `busy` say when to ask again
  useEffect(() => {
    if (wanted) tryStack(layer.id);
  }, [layer.id, wanted, key, busy, tryStack]);
}

/** Why there is no trial, with a button to start one. */
function Without({ layer, fault, large }: { layer: LayerReport; fault?: string; large?: boolean }) {
  const tryAgain = useStudio((state) => state.tryAgain);
  const busy = useStudio((state) => isBusy(state) || isRunning('preview')(state));
  return (
    <p className="preview-note advice-data">
      <span>{fault ?? (large ? `With ${formatCount(layer.parameters)} weights this takes a while.` : 'Stopped.')}</span>
      <Button size="compact-xs" variant="default" disabled={busy} onClick={() => tryAgain(layer.id)}>
        Try the steps
      </Button>
    </p>
  );
}

function StepsTable({ steps, preview }: { steps: readonly StepReport[]; preview: StackPreview }) {
  return (
    <table className="preview-steps">
      <caption className="hidden-text">Measured after each step</caption>
      <thead>
        <tr>
          <th scope="col">after</th>
          <th scope="col">form</th>
          <th scope="col">bytes</th>
          <th scope="col">parameters</th>
          <th scope="col">weight error</th>
        </tr>
      </thead>
      <tbody>
        {steps.map(({ method, form, bytes, parameters, error, skipped }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a method may stand there twice
          <tr key={at}>
            <th scope="row">{formOf(method)?.title ?? method}</th>
            <td>
              {formWords(form)}
              {skipped !== undefined && <small title={skipped}>left: {skipped}</small>}
            </td>
            <td>{formatBytes(bytes)}</td>
            <td>{formatCount(parameters)}</td>
            <td>
              {formatError(error)}
              {at === steps.length - 1 && preview.outputError !== undefined && (
                <small>output {formatError(preview.outputError)}</small>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
