import { NumberInput, SegmentedControl, Select, Slider, Switch, TextInput } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';
import type { Control } from '../../engine/page/light';
import { maxRank } from '../cost';
import { writeValue } from '../methods';
import { scaleOf, tidy } from './scale';
import type { StackView } from './useStack';

export interface OptionProps {
  readonly control: Control;
  readonly view: StackView;
  /** Undefined where an option without a default is not given. */
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  /** Replaces the title: the choice among the options of a group. */
  readonly head?: ReactNode;
  /** The group, as the end of the slider's name. */
  readonly suffix?: string;
}

/** A slider and a number field. */
export function NumberControl({ control, view, value, onChange, head, suffix }: OptionProps) {
  const { title, help, unit, optional, fallback, whole } = control;
  const scale = scaleOf(
    control,
    view.layers.reduce((most, layer) => Math.max(most, maxRank(layer)), 1),
  );
  const percent = unit === 'share';
  const number = typeof value === 'number' ? value : undefined;
  const name = suffix ? `${title} ${suffix}` : title;
  // The text being typed. It is dropped when the field is left, so that a refused value does not seem to hold.
  const [draft, setDraft] = useState<string | number | null>(null);
  const mayBeEmpty = optional && suffix === undefined && fallback === undefined;
  const shownAs = (given: number) => (percent ? tidy(given * 100, 4) : given);
  const givenBy = (typed: string | number) => (percent ? tidy(Number(typed) / 100, 6) : Number(typed));
  const accepted = (typed: string | number) =>
    typed !== '' && givenBy(typed) >= scale.min && givenBy(typed) <= scale.max;
  const refused = draft !== null && !accepted(draft) && !(draft === '' && mayBeEmpty);
  const shown = number === undefined ? '' : shownAs(number);
  return (
    <div className="option">
      <div className="option-head">
        {head ?? <span className="option-title">{title}</span>}
        <span className="option-help">{help}</span>
        <NumberInput
          size="xs"
          w={104}
          aria-label={`${title}, as a number`}
          placeholder="not set"
          value={draft ?? shown}
          error={refused && `${shownAs(scale.min)} to ${shownAs(scale.max)}`}
          allowDecimal={!whole}
          decimalScale={4}
          clampBehavior="none"
          onBlur={() => setDraft(null)}
          suffix={percent ? ' %' : ''}
          onChange={(typed) => {
            setDraft(typed);
            if (typed === '' && mayBeEmpty) onChange(undefined);
            else if (accepted(typed)) onChange(givenBy(typed));
          }}
        />
      </div>
      {number !== undefined && (
        <Slider
          className="option-slider"
          size="sm"
          min={0}
          max={scale.last}
          step={1}
          value={scale.positionOf(number)}
          onChange={(position) => onChange(scale.valueAt(position))}
          label={null}
          thumbLabel={name}
          thumbValueText={() => writeValue(control, number)}
        />
      )}
    </div>
  );
}

/** Choices that are more than these, or longer, do not fit side by side. */
const MOST_SEGMENTS = 5;
const MOST_LETTERS = 48;

const UNSAID = 'default';

export function ChoiceControl({ control, value, onChange, head }: OptionProps) {
  const { title, help, values = [], labels, optional, fallback } = control;
  const data = [
    // An option that follows from other options has no default of its own to show.
    ...(optional && fallback === undefined ? [{ value: UNSAID, label: 'By default' }] : []),
    ...values.map((each) => ({ value: String(each), label: labels?.[String(each)] ?? String(each) })),
  ];
  const set = (text: string | null) => onChange(values.find((each) => String(each) === text));
  const letters = data.reduce((sum, { label }) => sum + label.length, 0);
  const now = value === undefined ? UNSAID : String(value);
  return (
    <div className="option option-head">
      {head ?? <span className="option-title">{title}</span>}
      <span className="option-help">{help}</span>
      {data.length <= MOST_SEGMENTS && letters <= MOST_LETTERS ? (
        <SegmentedControl size="xs" aria-label={title} data={data} value={now} onChange={set} />
      ) : (
        <Select
          size="xs"
          w={200}
          aria-label={title}
          data={data}
          value={now}
          allowDeselect={false}
          onChange={set}
          comboboxProps={{ withinPortal: false }}
        />
      )}
    </div>
  );
}

export function ToggleControl(props: OptionProps) {
  const { control, value, onChange, head } = props;
  const { title, help, optional, fallback } = control;
  if (optional && fallback === undefined) {
    const choices = { ...control, values: ['yes', 'no'] };
    const text = value === undefined ? undefined : value ? 'yes' : 'no';
    const set = (next: unknown) => onChange(next === undefined ? undefined : next === 'yes');
    return <ChoiceControl {...props} control={choices} value={text} onChange={set} />;
  }
  return (
    <div className="option option-head">
      {head ?? <span className="option-title">{title}</span>}
      <span className="option-help">{help}</span>
      <Switch
        size="xs"
        aria-label={title}
        checked={value === true}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    </div>
  );
}

/** A list such as "8, 16, 8", kept as it was typed until it is a list of whole numbers. */
export function ListControl({ control: { title, help, optional }, value, onChange, head }: OptionProps) {
  const given = Array.isArray(value) ? value.join(', ') : '';
  const [typed, setTyped] = useState(given);
  // A comma that was just typed must stay: only a list from elsewhere replaces the text.
  useEffect(() => setTyped((now) => (readList(now)?.join(', ') === given ? now : given)), [given]);
  const wrong = typed.trim() !== '' && readList(typed) === undefined;
  return (
    <div className="option option-head">
      {head ?? <span className="option-title">{title}</span>}
      <span className="option-help">{help}</span>
      <TextInput
        size="xs"
        w={160}
        aria-label={title}
        placeholder="for example 8, 16"
        value={typed}
        error={wrong && 'whole numbers of at least 1'}
        onChange={(event) => {
          const text = event.currentTarget.value;
          setTyped(text);
          const numbers = readList(text);
          if (numbers) onChange(numbers);
          else if (text.trim() === '' && optional) onChange(undefined);
        }}
      />
    </div>
  );
}

function readList(text: string): number[] | undefined {
  const numbers = text
    .split(/[\s,×x]+/)
    .filter(Boolean)
    .map(Number);
  return numbers.length > 0 && numbers.every((each) => Number.isInteger(each) && each >= 1) ? numbers : undefined;
}
