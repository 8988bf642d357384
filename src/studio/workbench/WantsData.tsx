import { dataFileNoun } from '../../engine/page/light';
import { OpenDataButton } from '../OpenDataButton';
import { type Studio, useStudio } from '../store';

/** Whether there is no data to calibrate on: generated inputs teach nothing. */
export const lacksData = ({ data }: Pick<Studio, 'data'>): boolean => !data || data.generated;

/**
 * What is missing for a step that looks at its layers' inputs, with a button to open it. `what`: the subject of the
 * sentence.
 */
export function WantsData({ what = 'This step' }: { what?: string }) {
  const lacking = useStudio(lacksData);
  if (!lacking) return null;
  return (
    <p className="advice-data">
      <span>
        <strong data-tone="hurts">Needs calibration data.</strong> {what} looks at what layers are applied to: open{' '}
        {dataFileNoun()} with samples of the model's inputs before you compress.
      </span>
      <OpenDataButton>Open calibration data…</OpenDataButton>
    </p>
  );
}
