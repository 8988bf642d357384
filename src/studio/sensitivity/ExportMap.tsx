import { Button, Menu } from '@mantine/core';
import type { SensitivityReport } from '../../engine/page/light';
import { csvOf } from '../../engine/page/planning';
import { save } from '../files';
import { useStudio } from '../store';
import { type Drawn, pngOf, svgOf } from './exports';

/** Downloads all cells as a table, or the map in view as a picture. */
export function ExportMap({ report, drawn }: { report: SensitivityReport; drawn: () => Drawn }) {
  const model = useStudio((state) => state.model?.name.replace(/\.onnx$/i, '') ?? 'model');
  const write = (kind: string, blob: Blob) => save(`${model}.sensitivity.${kind}`, blob);
  return (
    <Menu position="bottom-end" withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button size="xs" variant="default">
          Export map
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => write('csv', new Blob([csvOf(report)], { type: 'text/csv' }))}>
          All cells (.csv)
        </Menu.Item>
        <Menu.Item onClick={() => write('svg', new Blob([svgOf(drawn())], { type: 'image/svg+xml' }))}>
          This map (.svg)
        </Menu.Item>
        <Menu.Item onClick={async () => write('png', await pngOf(drawn()))}>This map (.png)</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
