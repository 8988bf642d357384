import { Menu } from '@mantine/core';
import type { Aim } from '../../engine/page/light';
import { useStudio } from '../store';

const AIMS: Readonly<Record<Aim, { readonly title: string; readonly words: string }>> = {
  speed: {
    title: 'For speed',
    words: 'Computes through the factors where that takes fewer multiply-adds; all else is made dense while loading.',
  },
  file: {
    title: 'For a small file',
    words: 'As small on disk as it can be. What is packed is made dense while loading, and takes its memory again.',
  },
  memory: {
    title: 'For little memory',
    words:
      'Weights stay packed while the model runs and are made dense one layer at a time: the slowest, and the least memory.',
  },
};

/** Chooses what the exported model is written for: speed, a small file or little memory. */
export function AimMenu() {
  const aim = useStudio(({ settings }) => settings.export?.aim ?? 'speed');
  const setAim = useStudio((state) => state.setAim);
  return (
    <Menu position="bottom-end" width={330} withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <button type="button" className="chip chip-aim" title={AIMS[aim].words}>
          <span className="hidden-text">Best </span>
          <strong>{AIMS[aim].title.toLowerCase()}</strong>
        </button>
      </Menu.Target>
      <Menu.Dropdown className="chip-menu">
        <Menu.RadioGroup value={aim} onChange={(value) => setAim(value as Aim)}>
          {(Object.keys(AIMS) as Aim[]).map((each) => (
            <Menu.RadioItem key={each} value={each} closeMenuOnClick>
              <strong>{AIMS[each].title}</strong>
              <small>{AIMS[each].words}</small>
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}
