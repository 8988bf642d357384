import { Button, Group, Modal } from '@mantine/core';
import { useStudio } from '../store';
import { question } from './question';

/** Two tabs must not change the same project: this one reads it, or keeps it in place of the other one. */
export default function OpenElsewhere() {
  const elsewhere = useStudio((state) => state.openElsewhere);
  const openProject = useStudio((state) => state.openProject);
  const close = useStudio((state) => state.closeQuestion);
  if (!elsewhere) return null;
  const { id, name } = elsewhere;
  return (
    <Modal
      {...question(close)}
      title={`${name} is open in another tab`}
      closeButtonProps={{ 'aria-label': 'Do not open it' }}
    >
      <p className="dialogue-text">
        Only one tab keeps changes. If you open it to read, changes in this tab are not kept. If you take it over, the
        other tab keeps nothing from now on.
      </p>
      <Group justify="flex-end" gap="xs">
        <Button variant="outline" onClick={() => void openProject(id, 'take over')}>
          Take over
        </Button>
        <Button data-autofocus onClick={() => void openProject(id, 'read')}>
          Open to read
        </Button>
      </Group>
    </Modal>
  );
}
