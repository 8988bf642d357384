import { Button, Menu } from '@mantine/core';
import { describeReadBack } from '../../engine/page/light';
import { AIM_WORDS } from '../aims';
import { exportRecipe } from '../exportRecipe';
import { save } from '../files';
import { formatBytes } from '../format';
import { isBusy } from '../state/jobs';
import { useStudio } from '../store';

/** Exports the current run as `.onnx`, and its recipe as JSON. */
export function ExportMenu() {
  const run = useStudio((state) => state.currentRun);
  const report = useStudio(({ runs, currentRun }) => runs.find((each) => each.run === currentRun));
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
        <Menu.Item onClick={() => void exportRecipe(report)}>Recipe (.json)</Menu.Item>
        <p className="menu-note">The model is read back and run before you can download it.</p>
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
  notify('info', `${names} (${formatBytes(report.bytes)}). ${describeReadBack(report.readBack)}`);
}
