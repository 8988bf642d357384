import { Button, Menu } from '@mantine/core';
import { AIM_WORDS } from '../aims';
import { save } from '../files';
import { formatBytes } from '../format';
import { isBusy } from '../state/jobs';
import { currentRecipe } from '../state/recipe';
import { useStudio } from '../store';

/** Takes the current run away as `.onnx`, and its recipe as JSON. */
export function ExportMenu() {
  const run = useStudio((state) => state.currentRun);
  const aim = useStudio(({ settings }) => settings.export?.aim ?? 'speed');
  const busy = useStudio(isBusy);
  return (
    <Menu position="bottom-end" withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button size="xs" fz="sm" variant="default" disabled={busy}>
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item disabled={run === null} onClick={() => void exportModel(run!)}>
          {run === null ? 'Model (.onnx): compress first' : `Model of run ${run} (.onnx), ${AIM_WORDS[aim]}`}
        </Menu.Item>
        <Menu.Item onClick={() => void exportRecipe()}>Recipe (.json)</Menu.Item>
        <p className="menu-note">The model is read back and run before it is offered.</p>
      </Menu.Dropdown>
    </Menu>
  );
}

async function exportModel(run: number): Promise<void> {
  const { exportRun, notify } = useStudio.getState();
  const report = await exportRun(run);
  if (!report) return;
  for (const { name, blob } of report.files) save(name, blob);
  const names = report.files.map(({ name }) => name).join(', ');
  const { describeReadBack } = await import('../../engine/recipe/verification/readBack');
  notify('info', `${names} (${formatBytes(report.bytes)}). ${describeReadBack(report.readBack)}`);
}

async function exportRecipe(): Promise<void> {
  // Not in the first load, which it would bring the methods into.
  const { writtenRecipe } = await import('../methods');
  const state = useStudio.getState();
  const run = state.runs.find(({ run }) => run === state.currentRun);
  const recipe = run ? { ...(run.recipe as object), export: state.settings.export } : currentRecipe(state);
  const text = writtenRecipe(recipe);
  const name = state.model?.name.replace(/\.onnx$/i, '') ?? 'model';
  save(`${name}.recipe.json`, new Blob([`${text}\n`], { type: 'application/json' }));
}
