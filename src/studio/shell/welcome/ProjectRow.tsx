import { Button, CloseButton } from '@mantine/core';
import { useState } from 'react';
import type { ProjectSummary } from '../../../engine/page/light';
import { formatBytes } from '../../format';
import { STUDIO_ADDRESS } from '../../route';
import { isBusy } from '../../state/jobs';
import { useStudio } from '../../store';
import { formatWhen } from './when';

export function ProjectRow({ project }: { project: ProjectSummary }) {
  const { id, name, changed, isForeign } = project;
  const busy = useStudio(isBusy);
  // A project that is only read here may be taken over.
  const isOpen = useStudio((state) => state.project === id && !state.readOnly);
  const openProject = useStudio((state) => state.openProject);
  const isElsewhere = project.isOpen && !isOpen;
  const [asking, setAsking] = useState(false);
  const open = async () => {
    if (isOpen || (await openProject(id))) window.location.hash = STUDIO_ADDRESS;
  };
  if (asking) return <Removal project={project} onClose={() => setAsking(false)} />;
  return (
    <li className="project">
      <button type="button" disabled={isForeign || (busy && !isOpen)} onClick={() => void open()}>
        <strong className="project-name" title={name}>
          {name}
        </strong>
        <span className="project-figures">{describeProject(project)}</span>
        <span className="project-when">
          {isOpen ? 'open in this tab' : isElsewhere ? 'open in another tab' : formatWhen(changed, Date.now())}
        </span>
      </button>
      <CloseButton
        size="sm"
        aria-label={`Remove ${name}`}
        title={removalTitle(name, isOpen, isElsewhere)}
        disabled={busy || project.isOpen}
        onClick={() => setAsking(true)}
      />
    </li>
  );
}

/** What the button does, or why it is disabled. */
function removalTitle(name: string, isOpen: boolean, isElsewhere: boolean): string {
  if (isElsewhere) return `${name} is open in another tab`;
  return isOpen ? `${name} is open: to remove it, open another model first` : `Remove ${name}`;
}

/** Asks once: what is removed cannot be brought back. */
function Removal({ project: { id, name, runs, bytes }, onClose }: { project: ProjectSummary; onClose: () => void }) {
  const removeProject = useStudio((state) => state.removeProject);
  return (
    <li className="project project-removal">
      <p>
        Remove {name}
        {runs > 0 && ` and its ${runs === 1 ? 'run' : `${runs} runs`}`} from this browser? This frees{' '}
        {formatBytes(bytes)}; the file that you opened stays where it is.
      </p>
      <Button size="compact-sm" autoFocus onClick={onClose}>
        Keep
      </Button>
      <Button size="compact-sm" variant="outline" onClick={() => void removeProject(id).then(onClose)}>
        Remove
      </Button>
    </li>
  );
}

/** "3 runs, smallest 45.1 kB of 98.2 kB · takes 210 kB". */
function describeProject({ runs, smallest, modelBytes, bytes, isForeign }: ProjectSummary): string {
  if (isForeign) return `kept by another version of Carrara, which alone can open it · takes ${formatBytes(bytes)}`;
  const results =
    runs === 0
      ? `${formatBytes(modelBytes)}, no run yet`
      : `${runs === 1 ? 'one run' : `${runs} runs`}, ${runs === 1 ? '' : 'smallest '}${
          smallest === undefined ? '' : `${formatBytes(smallest)} of `
        }${formatBytes(modelBytes)}`;
  return `${results} · takes ${formatBytes(bytes)}`;
}
