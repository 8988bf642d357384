import { lazy, Suspense, useEffect, useRef } from 'react';
import { STUDIO_ADDRESS, useRoute } from './route';
import { DropTarget } from './shell/DropTarget';
import { Notices } from './shell/Notices';
import { StatusBar } from './shell/StatusBar';
import { TopBar } from './shell/TopBar';
import { useLeaveWarning } from './shell/useLeaveWarning';
import { useShortcuts } from './shell/useShortcuts';
import { Welcome } from './shell/welcome/Welcome';
import { isRunning } from './state/jobs';
import { useStudio } from './store';

// The first page is small: what a model or a lesson needs comes with it.
const loadColumns = () => import('./shell/Columns');
const Columns = lazy(loadColumns);
const ChooseModel = lazy(() => import('./shell/ChooseModel'));
const ReplaceModel = lazy(() => import('./shell/ReplaceModel'));
const OpenElsewhere = lazy(() => import('./shell/OpenElsewhere'));
const GpuPage = lazy(() => import('./gpu/GpuPage'));
const LessonPage = lazy(() => import('./lessons/LessonPage'));

/** Shown after a moment, so that a part that arrives at once does not flicker. */
const Loading = ({ words = 'Loading this part of the page…' }: { words?: string }) => (
  <main className="studio-page loading" aria-busy="true">
    <p>{words}</p>
  </main>
);

export function App() {
  const { lesson, gpu } = useRoute();
  const elsewhere = useStudio(({ openElsewhere }) => openElsewhere !== null);
  const asking = useStudio(({ replacement }) => replacement !== null);
  const choosing = useStudio(({ choice }) => choice !== null);
  useShortcuts();
  useColumnsAhead();
  useLeaveWarning();
  return (
    <div className="studio">
      <TopBar />
      <Notices />
      <Suspense fallback={<Loading />}>
        {lesson !== null ? <LessonPage id={lesson} /> : gpu ? <GpuPage /> : <StudioOrStart />}
      </Suspense>
      <StatusBar />
      <DropTarget />
      <Suspense fallback={null}>
        {asking && <ReplaceModel />}
        {choosing && <ChooseModel />}
        {elsewhere && <OpenElsewhere />}
      </Suspense>
    </div>
  );
}

/** Loads the parts that an open model needs while the model itself is read. */
function useColumnsAhead(): void {
  const comes = useStudio((state) => state.opening > 0 || isRunning('open')(state));
  useEffect(() => {
    if (!comes) return;
    // What fails here is loaded again, and its error told, when it is shown.
    loadColumns().catch(() => undefined);
    import('./compare/ComparePanel').catch(() => undefined);
  }, [comes]);
}

/** The studio where a model is open, unless its user has gone back to the start page. */
function StudioOrStart() {
  const { start } = useRoute();
  const model = useStudio((state) => state.model);
  const reopening = useStudio((state) => state.reopening);
  const before = useRef(model);
  useEffect(() => {
    // A model that was opened from the start page is shown; one that a reload brought back is not asked for.
    if (model !== before.current && start && !reopening) window.location.hash = STUDIO_ADDRESS;
    before.current = model;
  }, [model, start, reopening]);
  if (model && !start) return <Columns />;
  if (reopening && !start) return <Loading words="Opening what this tab had open…" />;
  return <Welcome />;
}
