import { Button, Group, Modal } from '@mantine/core';
import { useStudio } from '../store';
import { question } from './question';

/** Where nothing is kept: asks whether to keep the open model or to lose its runs and open the other one. Escape keeps it. */
export default function ReplaceModel() {
  const replacement = useStudio((state) => state.replacement);
  const name = useStudio(({ model }) => model?.name);
  const runs = useStudio((state) => state.runs.length);
  if (!replacement) return null;
  const { opening, answer } = replacement;
  return (
    <Modal
      {...question(() => answer(false))}
      title={`Close ${name}?`}
      closeButtonProps={{ 'aria-label': `Keep ${name}` }}
    >
      <p className="dialogue-text">
        {name} has {runs === 1 ? 'one run, which is lost' : `${runs} runs, which are lost`} when another model opens:
        this browser keeps nothing of this page. Export what you need first.
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
