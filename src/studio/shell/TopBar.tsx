import { Button } from '@mantine/core';
import { LESSONS } from '../lessons/list';
import { lessonAddress, START_ADDRESS, STUDIO_ADDRESS, useRoute } from '../route';
import { isBusy, isRunning } from '../state/jobs';
import { useStudio } from '../store';
import { AimMenu } from './AimMenu';
import { BackendChip } from './BackendChip';
import { DataChip } from './DataChip';
import { ExportMenu } from './ExportMenu';
import { ModelChip } from './ModelChip';

export function TopBar() {
  const open = useStudio(({ model }) => model !== null);
  const { lesson, start } = useRoute();
  const hasStudio = open && lesson === null && !start;
  const only = LESSONS.length === 1 ? LESSONS[0] : undefined;
  return (
    <header className="top">
      <div className="top-what">
        <a className="brand" href={START_ADDRESS} aria-label="Carrara, the start page">
          Carrara<span>.</span>
        </a>
        {open && (
          <>
            <ModelChip />
            <DataChip />
          </>
        )}
      </div>
      <div className="top-actions">
        {lesson !== null || (start && open) ? (
          <a className="top-link" href={STUDIO_ADDRESS}>
            Back to the studio
          </a>
        ) : (
          // On a small screen with a model open, the lesson is in the model's menu.
          <a className="top-link top-link-lesson" data-open={open || undefined} href={lessonAddress(only?.id)}>
            {only ? 'Lesson' : 'Lessons'}
          </a>
        )}
        <BackendChip />
        {hasStudio && (
          <>
            <ExportMenu />
            <AimMenu />
            <CompressButton />
          </>
        )}
      </div>
    </header>
  );
}

function CompressButton() {
  const count = useStudio(({ included }) => included.size);
  const busy = useStudio(isBusy);
  const compressing = useStudio(isRunning('compress'));
  const compress = useStudio((state) => state.compress);
  return (
    <Button
      size="xs"
      fz="sm"
      loading={compressing}
      disabled={count === 0 || (busy && !compressing)}
      onClick={() => void compress()}
    >
      {count === 0 ? (
        'No layer ticked'
      ) : (
        <>
          Compress {count}
          <span className="compress-unit">{count === 1 ? '\u00a0layer' : '\u00a0layers'}</span>
        </>
      )}
    </Button>
  );
}
