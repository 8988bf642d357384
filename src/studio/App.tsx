import { lazy, Suspense } from 'react';
import { useRoute } from './route';
import { DropTarget } from './shell/DropTarget';
import { Notices } from './shell/Notices';
import { StatusBar } from './shell/StatusBar';
import { TopBar } from './shell/TopBar';
import { useLeaveWarning } from './shell/useLeaveWarning';
import { useShortcuts } from './shell/useShortcuts';
import { Welcome } from './shell/Welcome';
import { useStudio } from './store';

// The first page is small: what a model or a lesson needs comes with it.
const Columns = lazy(() => import('./shell/Columns'));
const ChooseModel = lazy(() => import('./shell/ChooseModel'));
const ReplaceModel = lazy(() => import('./shell/ReplaceModel'));
const GpuPage = lazy(() => import('./gpu/GpuPage'));
const LessonPage = lazy(() => import('./lessons/LessonPage'));

/** Where a part of the page is slow to arrive; at once it would only flicker. */
const Loading = () => (
  <main className="studio-page loading" aria-busy="true">
    <p>Loading this part of the page…</p>
  </main>
);

export function App() {
  const { lesson, gpu } = useRoute();
  const open = useStudio(({ model }) => model !== null);
  const asking = useStudio(({ replacement }) => replacement !== null);
  const choosing = useStudio(({ choice }) => choice !== null);
  useShortcuts();
  useLeaveWarning();
  return (
    <div className="studio">
      <TopBar />
      <Notices />
      <Suspense fallback={<Loading />}>
        {lesson !== null ? <LessonPage id={lesson} /> : gpu ? <GpuPage /> : open ? <Columns /> : <Welcome />}
      </Suspense>
      <StatusBar />
      <DropTarget />
      <Suspense fallback={null}>
        {asking && <ReplaceModel />}
        {choosing && <ChooseModel />}
      </Suspense>
    </div>
  );
}
