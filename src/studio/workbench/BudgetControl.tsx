import { NumberInput, SegmentedControl, Slider } from '@mantine/core';
import type { LayerReport } from '../../worker/protocol';
import { layerCost, maxRank } from '../cost';
import { type Budget, type BudgetKind, useStudio } from '../store';
import { scaleOf, speak, tidy } from './scale';

const KIND_DATA: { value: BudgetKind; label: string }[] = [
  { value: 'size', label: 'Size' },
  { value: 'rank', label: 'Rank' },
  { value: 'energy', label: 'Energy' },
  { value: 'error', label: 'Error' },
];

const MEANING: Record<BudgetKind, string> = {
  size: 'stored bytes after over before',
  rank: 'terms kept; both channel sides of a k×k convolution',
  energy: 'share of Σσ² that is kept',
  error: 'relative error of the weight, at most',
};

/** How much may stay, for the layers in view: in one of four currencies, by slider or by number. */
export function BudgetControl({
  layers,
  budget,
  mixed,
}: {
  layers: readonly LayerReport[];
  budget: Budget;
  mixed: boolean;
}) {
  const setBudget = useStudio((state) => state.setBudget);
  const ids = layers.map(({ id }) => id);
  const most = layers.reduce((largest, layer) => Math.max(largest, maxRank(layer)), 1);
  const scale = scaleOf(budget.kind, most);
  const asPercent = budget.kind !== 'rank';
  const set = (value: number) => setBudget(ids, { kind: budget.kind, value });
  return (
    <div className="budget">
      <div className="budget-head">
        <SegmentedControl
          size="xs"
          aria-label="Budget by"
          data={KIND_DATA}
          value={budget.kind}
          onChange={(kind) => setBudget(ids, translate(layers, budget, kind as BudgetKind, most))}
        />
        <span className="budget-meaning">
          {mixed ? 'Budgets differ; a change gives all the same.' : MEANING[budget.kind]}
        </span>
        <NumberInput
          size="xs"
          w={104}
          aria-label={`${scale.label}, as a number`}
          value={asPercent ? tidy(budget.value * 100, 4) : budget.value}
          min={asPercent ? scale.min * 100 : scale.min}
          max={asPercent ? scale.max * 100 : scale.max}
          allowDecimal={asPercent}
          decimalScale={4}
          clampBehavior="blur"
          suffix={asPercent ? ' %' : ''}
          onChange={(value) => {
            const number = Number(value);
            const share = asPercent ? tidy(number / 100, 6) : number;
            if (value !== '' && share >= scale.min && share <= scale.max) set(share);
          }}
        />
      </div>
      <Slider
        className="budget-slider"
        size="sm"
        min={0}
        max={scale.last}
        step={1}
        value={scale.positionOf(budget.value)}
        onChange={(position) => set(scale.valueAt(position))}
        label={null}
        thumbLabel={`${scale.label} budget`}
        thumbValueText={() => speak(budget)}
      />
    </div>
  );
}

/** The budget of another kind that comes nearest for the first layer measured, so that a switch moves little. */
function translate(layers: readonly LayerReport[], budget: Budget, kind: BudgetKind, most: number): Budget {
  const { spectra } = useStudio.getState();
  const layer = layers.find(({ id }) => spectra.has(id)) ?? layers[0];
  const cost = layerCost(layer, spectra.get(layer.id), budget);
  const error = cost?.error;
  switch (kind) {
    case 'rank':
      return { kind, value: Math.min(most, Math.max(1, ...(cost?.ranks ?? [Math.ceil(most / 2)]))) };
    case 'size':
      return { kind, value: Math.min(1, Math.max(0.01, tidy(cost ? cost.parameters / layer.parameters : 0.5, 2))) };
    case 'energy':
      return { kind, value: error === undefined ? 0.95 : Math.min(0.9999, Math.max(0.05, tidy(1 - error ** 2, 4))) };
    case 'error':
      return { kind, value: error === undefined ? 0.1 : Math.min(1, Math.max(0.001, tidy(error, 3))) };
  }
}
