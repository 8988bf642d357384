import { SegmentedControl } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { LayersPanel } from '../layers/LayersPanel';
import './columns.css';
import { useStudio } from '../store';
import { ModelEstimate } from '../workbench/ModelEstimate';
import { Workbench } from '../workbench/Workbench';

const ComparePanel = lazy(() => import('../compare/ComparePanel'));

type Panel = 'layers' | 'workbench' | 'compare';

/** How many panels are side by side. The style sheet uses the same widths. */
function usePanelCount(): 1 | 2 | 3 {
  const three = useMediaQuery('(min-width: 1200px)', true, { getInitialValueInEffect: false });
  const two = useMediaQuery('(min-width: 768px)', true, { getInitialValueInEffect: false });
  return three ? 3 : two ? 2 : 1;
}

/**
 * The three panels: layers, workbench, comparison. In a narrow window, tabs choose which of them are shown. Hidden
 * panels stay mounted, so that a window that becomes narrower loses nothing that was opened in them.
 */
export default function Columns() {
  const count = usePanelCount();
  const currentRun = useStudio((state) => state.currentRun);
  const latestRun = useStudio(({ runs }) => runs.at(-1)?.run ?? 0);
  const model = useStudio((state) => state.model);
  const [chosen, setChosen] = useState<Panel>('layers');
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
  // With two panels, the layers are always shown and the tabs choose the second panel.
  const tab = count === 2 && chosen === 'layers' ? 'workbench' : chosen;
  const isShown = (panel: Panel) => count === 3 || tab === panel || (count === 2 && panel === 'layers');
  const tabs = [
    ...(count === 1 ? [{ value: 'layers', label: 'Layers' }] : []),
    { value: 'workbench', label: 'Workbench' },
    { value: 'compare', label: 'Compare' },
  ];
  return (
    <main className="studio-page columns" data-panels={count} ref={page}>
      <h1 className="hidden-text">{model?.name}</h1>
      <LayersPanel hidden={!isShown('layers')} />
      {count < 3 && (
        <SegmentedControl
          className="middle-tabs"
          size="xs"
          value={tab}
          onChange={(value) => setChosen(value as Panel)}
          aria-label={count === 2 ? 'Shown beside the layers' : 'Panel shown'}
          data={tabs}
        />
      )}
      <section className="middle" aria-label="Workbench" hidden={!isShown('workbench')}>
        <Workbench />
      </section>
      <ModelEstimate />
      <aside className="right" aria-label="Compare" hidden={!isShown('compare')} ref={right}>
        <Suspense fallback={<div aria-busy="true" />}>
          <ComparePanel />
        </Suspense>
      </aside>
    </main>
  );
}
