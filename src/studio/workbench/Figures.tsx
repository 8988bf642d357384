import { formWords, type LayerReport } from '../../engine/page/light';
import { planOf, predictedError } from '../cost';
import { formatBytes, formatChange, formatCount, formatError } from '../format';
import { ShortName } from '../ShortName';
import { type Stack, useStudio } from '../store';
import { type TotalCost, totalCost } from '../studioCosts';
import { usePlans } from './usePlans';
import type { StackView } from './useStack';
import { useVerdict } from './useVerdict';

/** A weight error above this is highlighted, unless data has shown that the model tolerates it. */
const HURTS = 0.3;

/**
 * What the layers become with the step in view and those before it. Sizes are planned. Errors are measured by a trial
 * or by the run in Compare, or else predicted from spectra.
 */
export function Figures({ view: { layers, stack, index } }: { view: StackView }) {
  const count = index + 1;
  const several = layers.length > 1;
  const total = totalCost(layers, usePlans(), count);
  const { before, after, unknown, forms, estimated } = total;
  const known = unknown < layers.length;
  const about = estimated ? '≈' : '';
  const when = count > 1 ? `after ${count} steps` : several ? `${layers.length} layers` : 'after this step';
  return (
    <dl className="figures" aria-live="off">
      <Figure
        name="form"
        value={forms.size > 0 ? describeForms(forms) : known ? 'as it was' : '…'}
        note={estimated ? `${when}, estimated` : when}
      />
      <Figure
        name="parameters"
        value={known ? about + formatChange(after.parameters / before.parameters - 1) : '…'}
        note={`${formatCount(after.parameters)} of ${formatCount(before.parameters)}`}
      />
      <Figure
        name="bytes"
        value={known ? about + formatBytes(after.bytes) : '…'}
        note={`of ${formatBytes(before.bytes)}`}
      />
      {several ? (
        <WorstError total={total} changing={layers.length - total.skipped} />
      ) : (
        <WeightError layer={layers[0]} stack={stack} count={count} />
      )}
      <Figure
        name="multiply-adds"
        value={known ? `${about}${(after.multiplyAdds / before.multiplyAdds).toFixed(2)} ×` : '…'}
        note="of dense, as exported"
      />
    </dl>
  );
}

function WeightError({ layer, stack, count }: { layer: LayerReport; stack: Stack; count: number }) {
  const plans = usePlans();
  const tried = useStudio(({ trial, trialKey }) => (trial?.key === trialKey(layer.id) ? trial.result : undefined));
  const measured = tried?.steps[count - 1]?.error ?? plans.measured?.(layer, stack, count);
  const error = measured ?? predictedError(planOf(layer, plans, stack), count);
  const borne = useVerdict(error)?.kept;
  return (
    <Figure
      name="weight error"
      value={error === undefined ? '…' : formatError(error)}
      note={error === undefined ? 'measured below' : `relative, ${measured === undefined ? 'predicted' : 'measured'}`}
      hurts={error !== undefined && error > HURTS && !borne}
    />
  );
}

/** The largest known error and its layer; `changing`: the number of layers that would change. */
function WorstError({ total: { worst, errors }, changing }: { total: TotalCost; changing: number }) {
  const borne = useVerdict(worst?.error)?.kept;
  if (!worst) {
    const note = changing > 0 ? 'known after compressing' : 'nothing changes';
    return <Figure name="worst error" value={changing > 0 ? '…' : 'none'} note={note} />;
  }
  const { layer, error, measured } = worst;
  const known = errors < changing ? ` of ${errors} known` : '';
  return (
    <Figure
      name={`worst error${known}`}
      value={formatError(error)}
      note={<ShortName text={layer.name} title={`${layer.name}, ${measured ? 'measured' : 'predicted'}`} />}
      hurts={error > HURTS && !borne}
    />
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: string;
  readonly note: React.ReactNode;
  readonly hurts?: boolean;
}

function Figure({ name, value, note, hurts }: FigureProps) {
  return (
    <div className="figure" data-hurts={hurts || undefined}>
      <dt>{name}</dt>
      <dd data-long={value.length > 9 || undefined} title={value.length > 9 ? value : undefined}>
        {value}
      </dd>
      <dd className="figure-note" title={typeof note === 'string' ? note : undefined}>
        {note}
      </dd>
    </div>
  );
}

/** The form. For several forms: "rank 4–32" if all are of low rank, else their number. */
function describeForms(forms: TotalCost['forms']): string {
  const [first] = forms.keys();
  if (forms.size === 1) return formWords(first);
  const ranks = [...forms.values()].map((operator) => (operator.kind === 'lowRank' ? operator.rank : Number.NaN));
  const [least, most] = [Math.min(...ranks), Math.max(...ranks)];
  return Number.isNaN(least) ? `${forms.size} forms` : `rank ${least}–${most}`;
}
