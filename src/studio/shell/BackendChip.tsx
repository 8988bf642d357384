import { Menu } from '@mantine/core';
import { GPU_ADDRESS } from '../route';
import { isBusy } from '../state/jobs';
import { useStudio } from '../store';
import { backendName } from './backendName';

/** Shows which backend factorises, and why. A click opens the choice. */
export function BackendChip() {
  const engine = useStudio((state) => state.engine);
  const busy = useStudio(isBusy);
  const start = useStudio((state) => state.start);
  if (!engine) return <span className="chip">starting…</span>;
  const { kind, description, note } = engine.backend;
  const name = backendName(engine.backend);
  return (
    <Menu position="bottom-end" withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <button
          type="button"
          className="chip chip-backend"
          title={`Factorises on: ${description}${note ? `. ${note}` : ''}`}
          disabled={busy}
        >
          <span className="chip-kind">{name.kind}</span>
          {name.detail && <strong>{name.detail}</strong>}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item disabled={kind === 'gpu'} onClick={() => void start('gpu')}>
          Factorise on the GPU (WebGPU)
        </Menu.Item>
        <Menu.Item disabled={kind === 'cpu'} onClick={() => void start('cpu')}>
          Factorise on the CPU
        </Menu.Item>
        <Menu.Item component="a" href={GPU_ADDRESS}>
          Measure this GPU
        </Menu.Item>
        <p className="menu-note">
          Now on: {description}. {note}
          {!description.includes(engine.runtime) && <> Models run through {engine.runtime}.</>}
        </p>
      </Menu.Dropdown>
    </Menu>
  );
}
