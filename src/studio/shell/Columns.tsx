import { SegmentedControl } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { LayersPanel } from '../layers/LayersPanel';
import './columns.css';
import { useStudio } from '../store';
import { Workbench } from '../workbench/Workbench';

const ComparePanel = lazy(() => import('../compare/ComparePanel'));

/**
 * What there is, what is done to it, what it costs. Where three columns do not fit, the third folds under a tab. All
 * three stay mounted, hidden or not: a window made narrower must lose nothing that was opened or made in them.
 */
export default function Columns() {
  const wide = useMediaQuery('(min-width: 1200px)', true, { getInitialValueInEffect: false });
  const currentRun = useStudio((state) => state.currentRun);
  const latestRun = useStudio(({ runs }) => runs.at(-1)?.run ?? 0);
  const model = useStudio((state) => state.model);
  const [tab, setTab] = useState<'workbench' | 'compare'>('workbench');
  const page = useRef<HTMLElement>(null);
  const right = useRef<HTMLElement>(null);
  const seen = useRef(latestRun);
  useEffect(() => {
    if (currentRun !== null) setTab('compare');
  }, [currentRun]);
  useEffect(() => {
    // Only a new run: of forgotten ones the panel stays where it is.
    if (latestRun > seen.current) right.current?.scrollTo({ top: 0 });
    seen.current = latestRun;
  }, [latestRun]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another model begins at the top, wherever the last one was read
  useEffect(() => {
    for (const part of page.current?.querySelectorAll('.grid, .middle, .right') ?? []) part.scrollTo({ top: 0 });
  }, [model]);
  return (
    <main className="studio-page columns" data-wide={wide || undefined} ref={page}>
      <h1 className="hidden-text">{model?.name}</h1>
      <LayersPanel />
      {!wide && (
        <SegmentedControl
          className="middle-tabs"
          size="xs"
          value={tab}
          onChange={(value) => setTab(value as typeof tab)}
          aria-label="Shown beside the layers"
          data={[
            { value: 'workbench', label: 'Workbench' },
            { value: 'compare', label: 'Compare' },
          ]}
        />
      )}
      <section className="middle" aria-label="Workbench" hidden={!wide && tab !== 'workbench'}>
        <Workbench />
      </section>
      <aside className="right" aria-label="Compare" hidden={!wide && tab !== 'compare'} ref={right}>
        <Suspense fallback={<div aria-busy="true" />}>
          <ComparePanel />
        </Suspense>
      </aside>
    </main>
  );
}
