import { planOf, predictedError, totalCost } from '../cost';
import { formatBytes, formatChange, formatCount, formatError } from '../format';
import { formWords } from '../forms';
import { useStudio } from '../store';
import type { StackView } from './useStack';

/** What the layers come to with the step in view and those before it: sizes by plan, errors where spectra tell them. */
export function Figures({ view: { layers, stack, index } }: { view: StackView }) {
  const spectra = useStudio((state) => state.spectra);
  const stacks = useStudio((state) => state.stacks);
  const aim = useStudio(({ settings }) => settings.export?.aim);
  const opset = useStudio(({ model }) => model!.opset);
  const count = index + 1;
  const several = layers.length > 1;
  const total = totalCost(layers, { opset, spectra, stacks, aim }, count);
  const { before, after, worst, unknown, forms } = total;
  const [first] = layers;
  const plan = planOf(first, opset, spectra.get(first.id), stack);
  const tried = useStudio(({ trial, trialKey }) => (trial?.key === trialKey(first.id) ? trial.result : undefined));
  const measured = several ? undefined : tried?.steps[index]?.error;
  const error = several ? worst?.error : (measured ?? predictedError(plan, count));
  const known = unknown < layers.length;
  return (
    <dl className="figures" aria-live="off">
      <Figure
        name="form"
        value={forms.length > 0 ? (several ? spread(forms) : formWords(forms[0])) : known ? 'as it was' : '…'}
        note={count > 1 ? `after ${count} steps` : several ? `${layers.length} layers` : 'after this step'}
      />
      <Figure
        name="parameters"
        value={known ? formatChange(after.parameters / before.parameters - 1) : '…'}
        note={`${formatCount(after.parameters)} of ${formatCount(before.parameters)}`}
      />
      <Figure name="bytes" value={known ? formatBytes(after.bytes) : '…'} note={`of ${formatBytes(before.bytes)}`} />
      <Figure
        name={several ? 'worst error' : 'weight error'}
        value={error === undefined ? '…' : formatError(error)}
        note={
          error === undefined
            ? several
              ? 'known once it has run'
              : 'measured below'
            : several && worst
              ? worst.layer.name
              : `relative, ${measured === undefined ? 'predicted' : 'measured'}`
        }
        hurts={error !== undefined && error > 0.3}
      />
      <Figure
        name="multiply-adds"
        value={known ? `${(after.multiplyAdds / before.multiplyAdds).toFixed(2)} ×` : '…'}
        note="of the dense layer, as exported"
      />
    </dl>
  );
}

function Figure({ name, value, note, hurts }: { name: string; value: string; note: string; hurts?: boolean }) {
  return (
    <div className="figure" data-hurts={hurts || undefined}>
      <dt>{name}</dt>
      <dd data-long={value.length > 9 || undefined} title={value.length > 9 ? value : undefined}>
        {value}
      </dd>
      <dd className="figure-note" title={note}>
        {note}
      </dd>
    </div>
  );
}

/** "rank 4–32" of several; where they are of different kinds, how many there are. */
function spread(forms: readonly string[]): string {
  const ranks = forms.map((form) => /^lowRank (\d+)$/.exec(form)?.[1]);
  if (forms.length === 1) return formWords(forms[0]);
  if (ranks.every((rank) => rank !== undefined)) {
    const numbers = ranks.map(Number);
    return `rank ${Math.min(...numbers)}–${Math.max(...numbers)}`;
  }
  return `${forms.length} forms`;
}
