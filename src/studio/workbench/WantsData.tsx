import { dataFileNoun } from '../../engine/page/light';
import { OpenDataButton } from '../OpenDataButton';
import { type Studio, useStudio } from '../store';

/** Whether there is nothing to calibrate on: from inputs that were made up nothing can be learnt. */
export const lacksData = ({ data }: Pick<Studio, 'data'>): boolean => !data || data.generated;

/** What a step that looks at its layers' inputs is missing, and the way to it. `what`: the sentence's subject. */
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
