import { SegmentedControl } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { lazy, Suspense, useEffect, useState } from 'react';
import { LayersPanel } from '../layers/LayersPanel';
import './columns.css';
import { useStudio } from '../store';
import { Workbench } from '../workbench/Workbench';

const ComparePanel = lazy(() => import('../compare/ComparePanel'));

/** What there is, what is done to it, what it costs. Where three columns do not fit, the third folds under a tab. */
export default function Columns() {
  const wide = useMediaQuery('(min-width: 1200px)', true, { getInitialValueInEffect: false });
  const currentRun = useStudio((state) => state.currentRun);
  const name = useStudio(({ model }) => model?.name);
  const [tab, setTab] = useState<'workbench' | 'compare'>('workbench');
  useEffect(() => {
    if (currentRun !== null) setTab('compare');
  }, [currentRun]);
  const compare = (
    <Suspense fallback={<div aria-busy="true" />}>
      <ComparePanel />
    </Suspense>
  );
  return (
    <main className="studio-page columns" data-wide={wide || undefined}>
      <h1 className="hidden-text">{name}</h1>
      <LayersPanel />
      <section className="middle" aria-label="Workbench">
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
        {wide || tab === 'workbench' ? <Workbench /> : <div className="middle-compare">{compare}</div>}
      </section>
      {wide && (
        <aside className="right" aria-label="Compare">
          {compare}
        </aside>
      )}
    </main>
  );
}
