import { lazy, Suspense, useDeferredValue, useMemo } from 'react';
import type { LayerReport } from '../../engine/page/light';
import { isTucker } from '../cost';
import { useStudio } from '../store';
import { CutOverlay } from './CutOverlay';
import { drawn, PLOT_HEIGHT } from './geometry';

const SpectrumChart = lazy(() => import('./SpectrumChart'));

/** The singular values of the layers in view, and where their first step cuts them. */
export function SpectrumPicture({ layers }: { layers: readonly LayerReport[] }) {
  const spectra = useStudio((state) => state.spectra);
  // What the chart draws changes with the layers and their spectra, never with the options.
  const measured = useMemo(
    () => layers.flatMap((layer) => (spectra.has(layer.id) ? [{ layer, spectrum: spectra.get(layer.id)! }] : [])),
    [layers, spectra],
  );
  // The slider comes first: new spectra are drawn when nothing more urgent is to do.
  const curves = useDeferredValue(useMemo(() => drawn(measured), [measured]));
  return (
    <>
      <div className="picture-title">
        <h3>Singular values</h3>
        <Legend layers={layers} measured={measured.length} />
      </div>
      <div className="spectrum" style={{ height: PLOT_HEIGHT }}>
        {curves.length > 0 ? (
          <Suspense fallback={null}>
            <SpectrumChart measured={curves} />
          </Suspense>
        ) : (
          <Waiting id={layers[0].id} />
        )}
        {curves.length > 0 && <CutOverlay measured={curves} />}
      </div>
    </>
  );
}

function Waiting({ id }: { id: string }) {
  const reason = useStudio(({ unmeasured }) => unmeasured.get(id));
  const paused = useStudio((state) => state.spectraPaused);
  return (
    <p className="spectrum-waiting">
      {reason ?? (paused ? 'Measuring is paused: resume it at the foot of the page.' : 'Measuring the spectrum…')}
    </p>
  );
}

/** What the curves are. The second colour appears only with a k×k convolution. */
function Legend({ layers, measured }: { layers: readonly LayerReport[]; measured: number }) {
  const count = layers.length;
  const text =
    count === 1
      ? 'relative to the largest, over the rank'
      : measured < count
        ? `${measured} of ${count} layers measured`
        : `${count} layers, over the rank as a share`;
  return (
    <span className="legend">
      {layers.some(isTucker) && (
        <>
          <i data-side="0" />
          {count > 1 ? 'matrix, output channels' : 'output channels'}
          <i data-side="1" />
          input channels ·{' '}
        </>
      )}
      {text}
    </span>
  );
}
