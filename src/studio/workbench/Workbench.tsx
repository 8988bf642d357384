import { Button } from '@mantine/core';
import { lazy, Suspense, useDeferredValue, useMemo } from 'react';
import type { LayerReport } from '../../worker/protocol';
import { isTucker } from '../cost';
import { formatInteger, formatShape, formatShare } from '../format';
import { budgetOf } from '../state/recipe';
import './workbench.css';
import { useStudio } from '../store';
import { BudgetControl } from './BudgetControl';
import { CutOverlay } from './CutOverlay';
import { Figures } from './Figures';
import { drawn, PLOT_HEIGHT } from './geometry';
import { RecipeView } from './RecipeView';
import { Verdict } from './Verdict';

const SpectrumChart = lazy(() => import('./SpectrumChart'));

/** What is done to the layers in view: their spectra, their budget, and what it costs. */
export function Workbench() {
  const model = useStudio((state) => state.model);
  const selection = useStudio((state) => state.selection);
  const spectra = useStudio((state) => state.spectra);
  const budgets = useStudio((state) => state.budgets);
  const layers = useMemo(() => {
    const chosen = new Set(selection);
    return model?.layers.filter(({ id, compressible }) => compressible && chosen.has(id)) ?? [];
  }, [model, selection]);
  // What the chart draws changes with the layers and their spectra, never with the budget.
  const measured = useMemo(
    () => layers.flatMap((layer) => (spectra.has(layer.id) ? [{ layer, spectrum: spectra.get(layer.id)! }] : [])),
    [layers, spectra],
  );
  // New spectra are drawn when nothing more urgent is: the slider goes first.
  const curves = useDeferredValue(useMemo(() => drawn(measured), [measured]));
  if (!model) return null;
  if (layers.length === 0) {
    return (
      <div className="workbench">
        <p className="workbench-none">
          {model.layers.some(({ compressible }) => compressible)
            ? 'Choose a layer on the left to see its spectrum and set its budget.'
            : 'This model holds no weight that can be compressed; the list on the left says why.'}
        </p>
      </div>
    );
  }
  const budget = budgetOf(budgets, layers[0].id);
  const mixed = layers.some(({ id }) => {
    const other = budgetOf(budgets, id);
    return other.kind !== budget.kind || other.value !== budget.value;
  });
  const [first] = layers;
  const parameters = layers.reduce((sum, layer) => sum + layer.parameters, 0);
  return (
    <div className="workbench">
      <div className="workbench-title">
        <div className="workbench-what">
          <h2 title={first.name}>{first.name}</h2>
          <p>
            {layers.length === 1 ? (
              <>
                {first.op} {formatShape(first.shape)} · {formatInteger(first.parameters)} parameters ·{' '}
                {formatShare(first.parameters / model.parameters)} of the model
              </>
            ) : (
              <>
                and {layers.length - 1} more · {formatInteger(parameters)} parameters ·{' '}
                {formatShare(parameters / model.parameters)} of the model
              </>
            )}
          </p>
        </div>
        <InclusionButtons ids={layers.map(({ id }) => id)} />
      </div>
      <section className="card" aria-label="Spectrum and budget">
        <div className="card-title">
          <h2>Singular values</h2>
          <Legend layers={layers} measured={measured.length} />
        </div>
        <div className="spectrum" style={{ height: PLOT_HEIGHT }}>
          {curves.length > 0 ? (
            <Suspense fallback={null}>
              <SpectrumChart measured={curves} />
            </Suspense>
          ) : (
            <Waiting id={first.id} />
          )}
          {curves.length > 0 && <CutOverlay measured={curves} />}
        </div>
        <BudgetControl layers={layers} budget={budget} mixed={mixed} />
        <Figures layers={layers} />
        <Verdict layers={layers} />
      </section>
      <RecipeView />
    </div>
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

/** What the curves are; the second colour is there only with a k×k convolution. */
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

/** Whether Compress takes these layers along, where that is not plain from the ticks alone. */
function InclusionButtons({ ids }: { ids: readonly string[] }) {
  const included = useStudio((state) => state.included);
  const include = useStudio((state) => state.include);
  const includeOnly = useStudio((state) => state.includeOnly);
  const some = ids.some((id) => included.has(id));
  const others = included.size > ids.filter((id) => included.has(id)).length;
  return (
    <span className="workbench-include">
      {others && (
        <Button size="compact-xs" variant="subtle" onClick={() => includeOnly(ids)}>
          Compress only {ids.length === 1 ? 'this' : 'these'}
        </Button>
      )}
      <Button size="compact-xs" variant="subtle" onClick={() => include(ids, !some)}>
        {some ? (ids.length === 1 ? 'Leave as it is' : 'Leave as they are') : 'Compress too'}
      </Button>
    </span>
  );
}
