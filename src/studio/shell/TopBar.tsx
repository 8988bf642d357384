import { Button } from '@mantine/core';
import { STUDIO_ADDRESS, useRoute } from '../route';
import { useStudio } from '../store';
import { AimMenu } from './AimMenu';
import { BackendChip } from './BackendChip';
import { DataChip } from './DataChip';
import { ExportMenu } from './ExportMenu';
import { ModelChip } from './ModelChip';

export function TopBar() {
  const open = useStudio(({ model }) => model !== null);
  const { lesson } = useRoute();
  return (
    <header className="top">
      <a className="brand" href={STUDIO_ADDRESS} aria-label="Carrara, the studio">
        Carrara<span>.</span>
      </a>
      {open && (
        <>
          <ModelChip />
          <DataChip />
        </>
      )}
      <span className="top-space" />
      {!lesson && (
        <a className="top-link" href="#/lessons/rank">
          Lesson
        </a>
      )}
      {lesson && (
        <a className="top-link" href={STUDIO_ADDRESS}>
          Back to the studio
        </a>
      )}
      <BackendChip />
      {open && (
        <>
          <ExportMenu />
          <AimMenu />
          <CompressButton />
        </>
      )}
    </header>
  );
}

function CompressButton() {
  const count = useStudio(({ included }) => included.size);
  const busy = useStudio(({ job }) => job !== null);
  const compressing = useStudio(({ job }) => job?.kind === 'compress');
  const compress = useStudio((state) => state.compress);
  return (
    <Button
      size="sm"
      loading={compressing}
      disabled={count === 0 || (busy && !compressing)}
      onClick={() => void compress()}
    >
      {count === 0 ? 'No layer ticked' : `Compress ${count} ${count === 1 ? 'layer' : 'layers'}`}
    </Button>
  );
}
