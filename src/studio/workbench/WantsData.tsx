import { Button } from '@mantine/core';
import { DATA_FILES, pick } from '../files';
import { type Studio, useStudio } from '../store';

/** Whether there is nothing to calibrate on: from inputs that were made up nothing can be learnt. */
export const lacksData = ({ data }: Pick<Studio, 'data'>): boolean => !data || data.generated;

/** What a step that looks at its layers' inputs is missing, and the way to it. `what`: the sentence's subject. */
export function WantsData({ what = 'This step' }: { what?: string }) {
  const lacking = useStudio(lacksData);
  const openFiles = useStudio((state) => state.openFiles);
  const busy = useStudio(({ job }) => job !== null);
  if (!lacking) return null;
  return (
    <p className="advice-data">
      <span>
        <strong data-tone="hurts">Needs calibration data.</strong> {what} looks at what layers are applied to: open an
        .npz with samples of the model's inputs before you compress.
      </span>
      <Button
        size="compact-xs"
        variant="default"
        disabled={busy}
        onClick={async () => void openFiles(await pick(DATA_FILES))}
      >
        Open calibration data…
      </Button>
    </p>
  );
}
