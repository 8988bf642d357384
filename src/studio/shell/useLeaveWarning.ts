import { useEffect } from 'react';
import { useStudio } from '../store';

/** While there are runs, the browser asks before it closes or reloads the page: runs exist only in this tab. */
export function useLeaveWarning(): void {
  const hasRuns = useStudio(({ runs }) => runs.length > 0);
  useEffect(() => {
    if (!hasRuns) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [hasRuns]);
}
