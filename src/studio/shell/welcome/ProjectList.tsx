import { useEffect } from 'react';
import { formatBytes } from '../../format';
import { useStudio } from '../../store';
import { ProjectRow } from './ProjectRow';

/** Models that were opened before, with their runs: a click opens one again. */
export function ProjectList() {
  const projects = useStudio((state) => state.projects);
  const space = useStudio((state) => state.space);
  const listProjects = useStudio((state) => state.listProjects);
  const engine = useStudio((state) => state.engine);
  const runs = useStudio((state) => state.runs);
  const keeping = useStudio((state) => state.keeping);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list is another one when runs or what is kept change
  useEffect(() => {
    if (!engine) return;
    void listProjects();
    // Another tab may open or remove some meanwhile.
    window.addEventListener('focus', listProjects);
    return () => window.removeEventListener('focus', listProjects);
  }, [engine, listProjects, runs, keeping]);
  if (projects.length === 0) return null;
  const bytes = projects.reduce((sum, project) => sum + project.bytes, 0);
  return (
    <section className="projects" aria-labelledby="projects-title">
      <div className="projects-title">
        <h2 id="projects-title">Kept in this browser</h2>
        <span className="projects-figures">
          {projects.length === 1 ? 'one model' : `${projects.length} models`}, {formatBytes(bytes)}
          {space && ` · the browser gives this page up to ${formatBytes(space.most)}`}
        </span>
      </div>
      <ul>
        {projects.map((project) => (
          <ProjectRow key={project.id} project={project} />
        ))}
      </ul>
    </section>
  );
}
