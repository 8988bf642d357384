import { Button, Modal } from '@mantine/core';
import { formatBytes } from '../format';
import { useStudio } from '../store';
import { question } from './question';

/** Asks which of several dropped models to open. Escape opens none. */
export default function ChooseModel() {
  const choice = useStudio((state) => state.choice);
  if (!choice) return null;
  const { models, answer } = choice;
  return (
    <Modal
      {...question(() => answer(null))}
      title={`Which of the ${models.length} models?`}
      closeButtonProps={{ 'aria-label': 'Open none' }}
    >
      <p className="dialogue-text">One model is open at a time. Its data files, test data and recipes come with it.</p>
      <ul className="choose-model">
        {models.map(({ file, folder }, index) => (
          <li key={`${folder}/${file.name}`}>
            <Button
              variant="default"
              fullWidth
              justify="space-between"
              rightSection={formatBytes(file.size)}
              title={[folder, file.name].filter(Boolean).join('/')}
              data-autofocus={index === 0 || undefined}
              onClick={() => answer(index)}
            >
              {[folder, file.name].filter(Boolean).join('/')}
            </Button>
          </li>
        ))}
      </ul>
    </Modal>
  );
}
