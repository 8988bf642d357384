import { Button } from '@mantine/core';
import { listedDataExtensions } from '../../../engine/page/light';
import { MODEL_FILES, pick } from '../../files';
import { formatBytes, formatCount } from '../../format';
import { LessonCards } from '../../lessons/LessonCards';
import { isBusy, userJob } from '../../state/jobs';
import { listed } from '../../state/opening';
import { ProjectList } from './ProjectList';
import './welcome.css';
import { useStudio } from '../../store';

/** The start page: what this is, what was opened before, and the ways to open something. */
export function Welcome() {
  const waiting = useStudio((state) => state.waiting);
  const samples = useStudio((state) => state.samples);
  // A click while the engine starts waits for it.
  const busy = useStudio((state) => isBusy(state) && userJob(state)?.kind !== 'start');
  const openFiles = useStudio((state) => state.openFiles);
  const openSample = useStudio((state) => state.openSample);
  return (
    <main className="studio-page welcome">
      <div className="welcome-inner">
        <h1>Carve a big network into a small one.</h1>
        <p className="welcome-lead">
          Drop an ONNX model and choose how much of each layer to keep. This machine compresses it, on the GPU if the
          browser has WebGPU, and compares accuracy, size and speed with the original. You get a plain, smaller .onnx
          that runs wherever ONNX Runtime runs. Nothing leaves this machine.
        </p>
        <div className="welcome-drop">
          <p>
            <strong>Drop a model anywhere on this page</strong>
            {waiting.length > 0 ? (
              <span>
                {listed(waiting.map(({ name }) => name))} {waiting.length === 1 ? 'is' : 'are'} kept and opened with it.
              </span>
            ) : (
              <span>
                .onnx, with its data files if it has any; test data as {listedDataExtensions()}, a recipe as .json
              </span>
            )}
          </p>
          <Button size="md" disabled={busy} onClick={async () => void openFiles(await pick(MODEL_FILES))}>
            Open a model…
          </Button>
        </div>
        <ProjectList />
        <div className="welcome-ways">
          {samples.map((sample) => (
            <button
              key={sample.id}
              type="button"
              className="way"
              disabled={busy}
              onClick={() => void openSample(sample)}
            >
              <span className="way-kind">Sample · one click</span>
              <strong>{sample.name}</strong>
              <span>{sample.description}</span>
              <span className="way-figures">
                {formatCount(sample.parameters)} parameters · {formatBytes(sample.bytes)} · {sample.licence}
              </span>
            </button>
          ))}
          <LessonCards />
        </div>
      </div>
    </main>
  );
}
