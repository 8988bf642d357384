import { Button } from '@mantine/core';
import { HEAVY_ERROR, planOf, predictedError, type TotalCost, totalCost } from '../cost';
import { DATA_FILES, pick } from '../files';
import { formatBytes, formatShare } from '../format';
import { needsData } from '../methods';
import { useStudio } from '../store';
import type { StackView } from './useStack';

/** Whether it will help, in words, before anybody commits to it. */
export function Advice({ view }: { view: StackView }) {
  const { layers, stack, index } = view;
  return (
    <div className="advice">
      {layers.length === 1 ? <One view={view} /> : <Many view={view} />}
      {needsData(stack[index]) && <WantsData />}
    </div>
  );
}

function One({ view: { layers, stack, index } }: { view: StackView }) {
  const [layer] = layers;
  const spectrum = useStudio(({ spectra }) => spectra.get(layer.id));
  const opset = useStudio(({ model }) => model!.opset);
  const plan = planOf(layer, opset, spectrum, stack);
  const { steps, fault } = plan;
  const step = steps[index];
  if (!step) {
    return (
      <p>
        <strong data-tone="hurts">
          {index === steps.length ? 'Not yet a step.' : 'An earlier step is not yet one.'}
        </strong>{' '}
        {fault}.
      </p>
    );
  }
  const error = predictedError(plan, index + 1);
  const [first, ...rest] = step.advice;
  return (
    <p>
      {step.skipped !== undefined ? (
        <>
          <strong data-tone="hurts">
            {step.operator?.bytes === layer.bytes ? 'The layer would stay as it is.' : 'A part would stay as it is.'}
          </strong>{' '}
          {capitalised(step.skipped)}. {rest.join(' ')}
        </>
      ) : (
        <>
          {error !== undefined && error > HEAVY_ERROR && (
            <strong data-tone="hurts">
              An error of {formatShare(error)} of its norm: real data will tell whether the model bears it.{' '}
            </strong>
          )}
          {!step.operator && <>The size is known once the step has run. </>}
          {first && <strong>{first}</strong>} {rest.join(' ')}
        </>
      )}
    </p>
  );
}

function Many({ view: { layers, index } }: { view: StackView }) {
  const spectra = useStudio((state) => state.spectra);
  const stacks = useStudio((state) => state.stacks);
  const opset = useStudio(({ model }) => model!.opset);
  const total = totalCost(layers, { opset, spectra, stacks }, index + 1);
  const { before, after, worst, heavy, skipped, unknown } = total;
  const sizes = `${formatBytes(before.bytes)} → ${formatBytes(after.bytes)}.`;
  return (
    <p>
      {heavy > 0 ? (
        <>
          <strong data-tone="hurts">{describeHeavy(total, layers.length)}</strong> {sizes}
        </>
      ) : (
        <strong data-tone={after.bytes < before.bytes ? 'kept' : 'hurts'}>{sizes}</strong>
      )}{' '}
      {worst && heavy === 0 && (
        <>
          The worst of the {layers.length} layers, {worst.layer.name}, has an error of {formatShare(worst.error)} of its
          norm.{' '}
        </>
      )}
      {skipped > 0 && (
        <>
          {skipped} {skipped === 1 ? 'layer would' : 'layers would'} not get smaller and{' '}
          {skipped === 1 ? 'stays' : 'stay'} as {skipped === 1 ? 'it is' : 'they are'}.{' '}
        </>
      )}
      {unknown > 0 && <>{unknown} known once measured; counted unchanged.</>}
    </p>
  );
}

/** What a step that looks at the layer's input is missing. */
function WantsData() {
  const data = useStudio((state) => state.data);
  const openFiles = useStudio((state) => state.openFiles);
  const busy = useStudio(({ job }) => job !== null);
  if (data && !data.generated) return null;
  return (
    <p className="advice-data">
      <span>
        <strong data-tone="hurts">Needs data.</strong> It looks at what the layer is applied to: open samples of the
        model's inputs (.npz), or its layers stay as they are.
      </span>
      <Button
        size="compact-xs"
        variant="default"
        disabled={busy}
        onClick={async () => void openFiles(await pick(DATA_FILES))}
      >
        Open data…
      </Button>
    </p>
  );
}

/** How many layers lose most of their weight, and which is the worst; for `heavy` > 0. */
export function describeHeavy({ heavy, worst }: Pick<TotalCost, 'heavy' | 'worst'>, count: number): string {
  if (!worst) return '';
  const all = count === 2 ? 'Both layers lose' : `All ${count} layers lose`;
  const some = `${heavy} of the ${count} layers ${heavy === 1 ? 'loses' : 'lose'}`;
  const who = count === 1 ? 'The layer loses' : heavy === count ? all : some;
  const which = `${worst.layer.name} ${heavy === 1 ? 'loses' : 'is the worst and loses'} ${formatShare(worst.error)}`;
  return `${who} more than half of ${heavy === 1 ? 'its' : 'their'} norm (${which}). Real data will tell whether the model bears it.`;
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
