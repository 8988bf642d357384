import { useEffect } from 'react';
import { isKept } from '../state/projectsSlice';
import { useStudio } from '../store';

/** While there are runs that are not kept, the browser asks before it closes or reloads the page. */
export function useLeaveWarning(): void {
  const losesRuns = useStudio((state) => state.runs.length > 0 && !isKept(state));
  useEffect(() => {
    if (!losesRuns) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [losesRuns]);
}
