import { ActionIcon, Button } from '@mantine/core';
import { IconArrowBackUp, IconArrowForwardUp } from '@tabler/icons-react';
import { lazy, Suspense, useMemo } from 'react';
import type { LayerReport } from '../../engine/page/light';
import { formatInteger, formatShape, formatShare } from '../format';
import { GoalLine } from '../goal/GoalLine';
import { emptyListReason } from '../layers/nothing';
import './workbench.css';
import './step.css';
import './preview.css';
import './equalBytes.css';
import { useStudio } from '../store';
import { EqualBytesCard } from './EqualBytesCard';
import { PreviewCard } from './PreviewCard';
import { RecipeView } from './RecipeView';
import { StackBar } from './StackBar';
import { StepCard } from './StepCard';
import { useStack } from './useStack';

const ProposalsCard = lazy(() => import('../proposals/ProposalsCard'));

/** What is done to the layers in view: a stack of steps, and its cost. */
export function Workbench() {
  const model = useStudio((state) => state.model);
  const selection = useStudio((state) => state.selection);
  const layers = useMemo(() => {
    const chosen = new Set(selection);
    return model?.layers.filter(({ id, compressible }) => compressible && chosen.has(id)) ?? [];
  }, [model, selection]);
  if (!model) return null;
  const isCompressible = model.layers.some(({ compressible }) => compressible);
  return (
    <div className="workbench">
      {isCompressible && (
        <Suspense fallback={null}>
          <ProposalsCard />
        </Suspense>
      )}
      {isCompressible && <GoalLine />}
      {layers.length > 0 ? (
        <Chosen layers={layers} modelParameters={model.parameters} />
      ) : (
        <p className="workbench-none">
          {isCompressible ? 'Choose a layer on the left to say what is done to it.' : emptyListReason(model.layers)}
        </p>
      )}
    </div>
  );
}

function Chosen({ layers, modelParameters }: { layers: readonly LayerReport[]; modelParameters: number }) {
  const view = useStack(layers);
  const [first] = layers;
  const parameters = layers.reduce((sum, layer) => sum + layer.parameters, 0);
  return (
    <>
      <div className="workbench-title">
        <div className="workbench-what">
          <h2 title={first.name}>{first.name}</h2>
          <p>
            {layers.length === 1 ? (
              <>
                {first.op} {formatShape(first.shape)} · {formatInteger(first.parameters)} parameters ·{' '}
                {formatShare(first.parameters / modelParameters)} of the model
              </>
            ) : (
              <>
                and {layers.length - 1} more · {formatInteger(parameters)} parameters ·{' '}
                {formatShare(parameters / modelParameters)} of the model
              </>
            )}
          </p>
        </div>
        <InclusionButtons ids={layers.map(({ id }) => id)} />
        <HistoryButtons />
      </div>
      <StackBar view={view} />
      <div className="workbench-cards">
        {view.index >= 0 ? (
          <StepCard view={view} />
        ) : (
          <p className="workbench-none">
            Without a step {layers.length === 1 ? 'the layer stays as it is' : 'the layers stay as they are'}.
          </p>
        )}
      </div>
      <div className="workbench-cards">
        <PreviewCard view={view} />
        <EqualBytesCard layers={layers} />
        <RecipeView />
      </div>
    </>
  );
}

function HistoryButtons() {
  const past = useStudio((state) => state.past.length);
  const future = useStudio((state) => state.future.length);
  const undo = useStudio((state) => state.undo);
  const redo = useStudio((state) => state.redo);
  const buttons = [
    { name: 'Undo', title: 'Undo the last change of the steps (Ctrl+Z)', keys: 'Control+Z', go: undo, left: past },
    { name: 'Redo', title: 'Redo what was undone (Ctrl+Shift+Z)', keys: 'Control+Shift+Z', go: redo, left: future },
  ];
  return (
    <span className="workbench-include">
      {buttons.map(({ name, title, keys, go, left }) => (
        <ActionIcon
          key={name}
          size="sm"
          variant="subtle"
          color="gray"
          aria-label={name}
          title={title}
          aria-keyshortcuts={keys}
          disabled={left === 0}
          onClick={go}
        >
          {name === 'Undo' ? <IconArrowBackUp size={15} /> : <IconArrowForwardUp size={15} />}
        </ActionIcon>
      ))}
    </span>
  );
}

/** Buttons that tick or untick the layers in view, where the ticks alone do not make that clear. */
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
          Tick only {ids.length === 1 ? 'this' : 'these'}
        </Button>
      )}
      <Button size="compact-xs" variant="subtle" onClick={() => include(ids, !some)}>
        {some ? (ids.length === 1 ? 'Leave as it is' : 'Leave as they are') : 'Tick too'}
      </Button>
    </span>
  );
}
