import { SegmentedControl } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { Activity, lazy, Suspense, useEffect, useRef, useState } from 'react';
import { LayersPanel } from '../layers/LayersPanel';
import './columns.css';
import { useStudio } from '../store';
import { ModelEstimate } from '../workbench/ModelEstimate';
import { Workbench } from '../workbench/Workbench';

const ComparePanel = lazy(() => import('../compare/ComparePanel'));
const SensitivityPanel = lazy(() => import('../sensitivity/SensitivityPanel'));

/** Two panels share the middle column. */
type Middle = 'workbench' | 'sensitivity';
type Panel = 'layers' | Middle | 'compare';

const isMiddle = (panel: Panel): panel is Middle => panel === 'workbench' || panel === 'sensitivity';

/** How many panels are side by side. The style sheet uses the same widths. */
function usePanelCount(): 1 | 2 | 3 {
  const three = useMediaQuery('(min-width: 1200px)', true, { getInitialValueInEffect: false });
  const two = useMediaQuery('(min-width: 768px)', true, { getInitialValueInEffect: false });
  return three ? 3 : two ? 2 : 1;
}

/**
 * The three panels: layers, workbench or sensitivity, comparison. Tabs choose what the middle shows; in a narrow window
 * they also choose which panels are shown. Hidden panels stay mounted, so that a window that becomes narrower loses
 * nothing that was opened in them.
 */
export default function Columns() {
  const count = usePanelCount();
  const currentRun = useStudio((state) => state.currentRun);
  const latestRun = useStudio(({ runs }) => runs.at(-1)?.run ?? 0);
  const model = useStudio((state) => state.model);
  const [chosen, setChosen] = useState<Panel>('layers');
  const [middle, setMiddle] = useState<Middle>('workbench');
  const page = useRef<HTMLElement>(null);
  const right = useRef<HTMLElement>(null);
  const seen = useRef(latestRun);
  useEffect(() => {
    if (currentRun !== null) setChosen('compare');
  }, [currentRun]);
  useEffect(() => {
    // Only for a new run. When a run is removed, the panel does not change.
    if (latestRun > seen.current) right.current?.scrollTo({ top: 0 });
    seen.current = latestRun;
  }, [latestRun]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another model starts at the top
  useEffect(() => {
    for (const part of page.current?.querySelectorAll('.grid, .middle, .right') ?? []) part.scrollTo({ top: 0 });
  }, [model]);
  // With three panels the tabs choose the middle; with two, the layers are always shown and the tabs choose the second.
  const tab = count === 3 || (count === 2 && chosen === 'layers') ? middle : chosen;
  const isShown = (panel: Panel) =>
    tab === panel || (count === 2 && panel === 'layers') || (count === 3 && !isMiddle(panel));
  const tabs = [
    ...(count === 1 ? [{ value: 'layers', label: 'Layers' }] : []),
    { value: 'workbench', label: 'Workbench' },
    { value: 'sensitivity', label: 'Sensitivity' },
    ...(count < 3 ? [{ value: 'compare', label: 'Compare' }] : []),
  ];
  const choose = (panel: Panel) => {
    setChosen(panel);
    if (isMiddle(panel)) setMiddle(panel);
  };
  return (
    <main className="studio-page columns" data-panels={count} ref={page}>
      <h1 className="hidden-text">{model?.name}</h1>
      <LayersPanel hidden={!isShown('layers')} />
      <SegmentedControl
        className="middle-tabs"
        size="xs"
        value={tab}
        onChange={(value) => choose(value as Panel)}
        aria-label={count === 1 ? 'Panel shown' : count === 2 ? 'Shown beside the layers' : 'Shown in the middle'}
        data={tabs}
      />
      {/* While the sensitivity is shown, the workbench keeps what it holds but tries and measures nothing. */}
      <Activity mode={middle === 'workbench' ? 'visible' : 'hidden'}>
        <section className="middle" aria-label="Workbench" hidden={!isShown('workbench')}>
          <Workbench />
        </section>
      </Activity>
      {middle === 'sensitivity' && (
        <section className="middle" aria-label="Sensitivity" hidden={!isShown('sensitivity')}>
          <Suspense fallback={<div aria-busy="true" />}>
            <SensitivityPanel />
          </Suspense>
        </section>
      )}
      <ModelEstimate />
      <aside className="right" aria-label="Compare" hidden={!isShown('compare')} ref={right}>
        <Suspense fallback={<div aria-busy="true" />}>
          <ComparePanel />
        </Suspense>
      </aside>
    </main>
  );
}
