import { Button, Group, Modal } from '@mantine/core';
import { useStudio } from '../store';

/** Before runs are lost: keep the model that is open, or open the other one. Escape keeps. */
export default function ReplaceModel() {
  const replacement = useStudio((state) => state.replacement);
  const name = useStudio(({ model }) => model?.name);
  const runs = useStudio((state) => state.runs.length);
  if (!replacement) return null;
  const { opening, answer } = replacement;
  return (
    <Modal
      opened
      onClose={() => answer(false)}
      closeOnEscape={false}
      // Handled here, so that the page's own Escape, which cancels what runs, does not hear it too.
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        answer(false);
      }}
      title={`Close ${name}?`}
      centered
      // Nothing behind it scrolls, and the lock would write a <style> element.
      lockScroll={false}
      closeButtonProps={{ 'aria-label': `Keep ${name}` }}
      styles={{ title: { fontWeight: 650, fontSize: '1rem', overflowWrap: 'anywhere' } }}
    >
      <p className="replace-model">
        {name} has {runs === 1 ? 'one run, which is lost' : `${runs} runs, which are lost`} when another model opens.
        Export what you want to keep first.
      </p>
      <Group justify="flex-end" gap="xs">
        <Button data-autofocus onClick={() => answer(false)}>
          Keep {name}
        </Button>
        <Button variant="outline" onClick={() => answer(true)}>
          Open {opening}
        </Button>
      </Group>
    </Modal>
  );
}
