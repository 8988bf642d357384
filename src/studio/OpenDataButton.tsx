import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { DATA_FILES, pick } from './files';
import { isBusy } from './state/jobs';
import { useStudio } from './store';

/** Where data is missing: opens some, unless a job runs. */
export function OpenDataButton({ children }: { children: ReactNode }) {
  const openFiles = useStudio((state) => state.openFiles);
  const busy = useStudio(isBusy);
  return (
    <Button
      size="compact-xs"
      variant="default"
      disabled={busy}
      onClick={async () => void openFiles(await pick(DATA_FILES))}
    >
      {children}
    </Button>
  );
}
