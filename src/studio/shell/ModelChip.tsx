import { Menu } from '@mantine/core';
import { MODEL_FILES, pick } from '../files';
import { formatBytes, formatCount } from '../format';
import { LESSONS } from '../lessons/list';
import { lessonAddress } from '../route';
import { isBusy } from '../state/jobs';
import { useStudio } from '../store';

/** Shows which model is open. A click offers other models and the samples. */
export function ModelChip() {
  const model = useStudio((state) => state.model);
  const samples = useStudio((state) => state.samples);
  const busy = useStudio(isBusy);
  const openFiles = useStudio((state) => state.openFiles);
  const openSample = useStudio((state) => state.openSample);
  if (!model) return null;
  const figures = `${formatCount(model.parameters)} parameters · ${formatBytes(model.bytes)}`;
  return (
    <Menu position="bottom-start" width={330} withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <button
          type="button"
          className="chip chip-open"
          title={`${model.name} · ${figures} · opset ${model.opset}${model.producer ? ` · ${model.producer}` : ''} · click to open another model`}
        >
          <strong>{model.name}</strong>
          <span className="chip-figures">
            {formatCount(model.parameters)} · {formatBytes(model.bytes)}
          </span>
        </button>
      </Menu.Target>
      <Menu.Dropdown className="chip-menu">
        <Menu.Item disabled={busy} onClick={async () => void openFiles(await pick(MODEL_FILES))}>
          Open a model… (Ctrl+O)
        </Menu.Item>
        {samples.map((sample) => (
          <Menu.Item key={sample.id} disabled={busy} onClick={() => void openSample(sample)}>
            <strong>Sample: {sample.name}</strong>
            <small>{sample.description}</small>
          </Menu.Item>
        ))}
        {LESSONS.map(({ id, title }) => (
          <Menu.Item key={id} component="a" href={lessonAddress(id)}>
            Lesson: {title}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
