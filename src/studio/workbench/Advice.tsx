import { planOf, predictedError } from '../cost';
import { formatBytes, formatShare } from '../format';
import { needsData } from '../methods';
import { HEAVY_ERROR, totalCost } from '../studioCosts';
import { describeHeavy, describeRest, describeWorst } from './describe';
import { usePlans } from './usePlans';
import type { StackView } from './useStack';
import { useVerdict } from './useVerdict';
import { WantsData } from './WantsData';

/** Whether the step will help, in words, before the user runs it. */
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
  const plan = planOf(layer, usePlans(), stack);
  const { steps, fault } = plan;
  const step = steps[index];
  const error = predictedError(plan, index + 1);
  const verdict = useVerdict(error);
  if (!step) {
    return (
      <p>
        <strong data-tone="hurts">
          {index === steps.length ? 'This step is not complete.' : 'Fix the earlier step first.'}
        </strong>{' '}
        {fault}.
      </p>
    );
  }
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
          {error !== undefined &&
            (error > HEAVY_ERROR || verdict?.kept === false) &&
            (verdict ? (
              <strong data-tone={verdict.kept ? 'kept' : 'hurts'}>{verdict.sentence} </strong>
            ) : (
              <strong data-tone="hurts">
                A relative error of {formatShare(error)}: only real data can tell whether the model still works.{' '}
              </strong>
            ))}
          {step.estimated && <>Sizes are estimates until the step has been tried. </>}
          {!step.operator && <>The size is known after compressing. </>}
          {first && <strong>{first}</strong>} {rest.join(' ')}
        </>
      )}
    </p>
  );
}

function Many({ view: { layers, index } }: { view: StackView }) {
  const total = totalCost(layers, usePlans(), index + 1);
  const { before, after, worst, heavy, idle, estimated } = total;
  // A measurement on real data replaces the warning from weight errors.
  const verdict = useVerdict(worst?.error);
  const sizes = `${formatBytes(before.bytes)} → ${estimated ? 'about ' : ''}${formatBytes(after.bytes)}.`;
  return (
    <p>
      {heavy > 0 || verdict?.kept === false ? (
        <>
          <strong data-tone={verdict?.kept ? 'kept' : 'hurts'}>
            {verdict ? verdict.sentence : describeHeavy(total, layers.length)}
          </strong>{' '}
          {sizes}
        </>
      ) : (
        <strong data-tone={after.bytes < before.bytes && idle === 0 ? 'kept' : 'hurts'}>{sizes}</strong>
      )}{' '}
      {worst && (heavy === 0 || verdict) && <>{describeWorst(total, layers.length)} </>}
      {describeRest(total, layers.length)}
    </p>
  );
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
