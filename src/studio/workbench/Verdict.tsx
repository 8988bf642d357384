import type { LayerReport } from '../../worker/protocol';
import { breakEven, HEAVY_ERROR, isTucker, layerCost, type TotalCost, totalCost } from '../cost';
import { formatBytes, formatInteger, formatShare } from '../format';
import { budgetOf } from '../state/recipe';
import { useStudio } from '../store';

/** Whether it will help, in words, before anybody commits to it. */
export function Verdict({ layers }: { layers: readonly LayerReport[] }) {
  return <p className="verdict">{layers.length === 1 ? <One layer={layers[0]} /> : <Many layers={layers} />}</p>;
}

function One({ layer }: { layer: LayerReport }) {
  const spectrum = useStudio(({ spectra }) => spectra.get(layer.id));
  const budget = useStudio(({ budgets }) => budgetOf(budgets, layer.id));
  const cost = layerCost(layer, spectrum, budget);
  const even = breakEven(layer);
  if (!cost) return <>The rank follows from the spectrum, which is being measured.</>;
  const form = isTucker(layer) ? `two channel ranks ${cost.ranks.join(' and ')}` : `rank ${cost.ranks[0]}`;
  if (!cost.smaller) {
    return (
      <>
        <strong data-tone="hurts">Not smaller.</strong> At {form} the factors would hold{' '}
        {formatInteger(cost.parameters)} numbers, the dense weight {formatInteger(layer.parameters)}: the layer would
        stay as it is. Break-even is rank {even}.
      </>
    );
  }
  const gather = layer.op === 'Gather';
  return (
    <>
      {cost.error !== undefined && cost.error > HEAVY_ERROR ? (
        <strong data-tone="hurts">
          Loses {formatShare(cost.error)} of its norm: real data will tell whether the model bears it.
        </strong>
      ) : (
        <strong data-tone="kept">{gather ? 'Saves storage, not time.' : 'Smaller and less to compute.'}</strong>
      )}{' '}
      Up to rank {even}
      {isTucker(layer) ? ' on both sides' : ''} the factors hold less than the dense weight; at {form} they hold{' '}
      {formatShare(cost.parameters / layer.parameters, 0)} of it
      {cost.error !== undefined && <>, and {formatShare(cost.error)} of the weight's norm is lost</>}.
      {isTucker(layer) && ' A stride changes the multiply-adds.'}
    </>
  );
}

function Many({ layers }: { layers: readonly LayerReport[] }) {
  const spectra = useStudio((state) => state.spectra);
  const budgets = useStudio((state) => state.budgets);
  const total = totalCost(layers, spectra, budgets);
  const { before, after, worst, heavy, skipped, unknown } = total;
  const sizes = `${formatBytes(before.bytes)} → ${formatBytes(after.bytes)}.`;
  return (
    <>
      {heavy > 0 ? (
        <>
          <strong data-tone="hurts">{describeHeavy(total, layers.length)}</strong> {sizes}
        </>
      ) : (
        <strong data-tone={after.bytes < before.bytes ? 'kept' : 'hurts'}>{sizes}</strong>
      )}{' '}
      {worst && heavy === 0 && (
        <>
          The worst of the {layers.length} layers, {worst.layer.name}, loses {formatShare(worst.error)} of its norm.{' '}
        </>
      )}
      {skipped > 0 && (
        <>
          {skipped} {skipped === 1 ? 'layer would' : 'layers would'} not get smaller and{' '}
          {skipped === 1 ? 'stays' : 'stay'} as {skipped === 1 ? 'it is' : 'they are'}.{' '}
        </>
      )}
      {unknown > 0 && <>{unknown} not measured yet; counted unchanged.</>}
    </>
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
