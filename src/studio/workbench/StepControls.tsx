import { SegmentedControl } from '@mantine/core';
import type { Control, FloatType, StackStep } from '../../engine/page/light';
import { getMethod, initialValue, valueWithin } from '../../engine/page/planning';
import { operatorAfter, planOf } from '../cost';
import { applies, effective, formOf, settled } from '../methods';
import { useStudio } from '../store';
import { ChoiceControl, ListControl, NumberControl, ToggleControl } from './controls';
import { tidy } from './scale';
import type { StackView } from './useStack';

/** The options of the step in view, as its schema has them. */
export function StepControls({ view, step }: { view: StackView; step: StackStep }) {
  const controls = formOf(step.method)?.controls ?? [];
  const { options } = step;
  const set = (next: Readonly<Record<string, unknown>>) =>
    view.replace(view.index, { ...step, options: settled(controls, next) });
  const shown = controls.filter((control) => applies(control, controls, options));
  const groups = new Set<string>();
  return (
    <div className="options">
      {shown.map((control) => {
        const { key, group } = control;
        if (group === undefined) {
          return (
            <One
              key={key}
              control={control}
              view={view}
              value={effective(control, options)}
              onChange={(value) => set(without({ ...options, [key]: value }, value === undefined ? key : undefined))}
            />
          );
        }
        if (groups.has(group)) return null;
        groups.add(group);
        const members = shown.filter((other) => other.group === group);
        return <Group key={group} name={group} members={members} view={view} step={step} onChange={set} />;
      })}
    </div>
  );
}

/** A group of options of which exactly one is given: a choice of which, and its value. */
function Group({
  name,
  members,
  view,
  step,
  onChange,
}: {
  name: string;
  members: readonly Control[];
  view: StackView;
  step: StackStep;
  onChange: (options: Readonly<Record<string, unknown>>) => void;
}) {
  const { options } = step;
  const chosen = members.find(({ key }) => options[key] !== undefined) ?? members[0];
  const others = Object.fromEntries(Object.entries(options).filter(([key]) => !members.some((one) => one.key === key)));
  return (
    <One
      control={chosen}
      view={view}
      value={options[chosen.key]}
      onChange={(value) => onChange({ ...others, [chosen.key]: value })}
      suffix={name}
      head={
        <SegmentedControl
          size="xs"
          aria-label={`${name[0].toUpperCase()}${name.slice(1)} by`}
          data={members.map(({ key, title }) => ({ value: key, label: title }))}
          value={chosen.key}
          onChange={(key) => {
            const next = members.find((member) => member.key === key)!;
            onChange({ ...others, [key]: alike(view, step, others, next) });
          }}
        />
      }
    />
  );
}

function One(props: {
  control: Control;
  view: StackView;
  value: unknown;
  onChange: (value: unknown) => void;
  head?: React.ReactNode;
  suffix?: string;
}) {
  const { control } = props;
  if (control.kind === 'choice') return <ChoiceControl {...props} />;
  if (control.kind === 'toggle') return <ToggleControl {...props} />;
  if (control.kind === 'list') return <ListControl {...props} />;
  return <NumberControl {...props} />;
}

/** The value of another budget that stores about as much of the first layer, so that switching changes little. */
function alike(
  { layers: [layer], stack, index }: StackView,
  step: StackStep,
  others: Readonly<Record<string, unknown>>,
  control: Control,
): unknown {
  const { model, spectra, trains } = useStudio.getState();
  const opset = model!.opset;
  const [spectrum, train] = [spectra.get(layer.id), trains.get(layer.id)];
  const { shape, op, dtype } = layer;
  const now = operatorAfter(planOf(layer, { opset, spectra, trains }, stack), index + 1);
  // Only the first step can be planned from the layer's own shape.
  const value =
    now && index === 0
      ? valueWithin(
          { shape, op, opset, spectrum, train, type: dtype as FloatType },
          getMethod(step.method),
          others,
          control,
          now.bytes,
        )
      : undefined;
  if (value === undefined) return initialValue(control);
  return control.whole ? value : tidy(value, 4);
}

const without = (options: Record<string, unknown>, key: string | undefined) => {
  if (key !== undefined) delete options[key];
  return options;
};
