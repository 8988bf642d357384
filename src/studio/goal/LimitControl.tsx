import { ActionIcon, NumberInput, Slider } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { useStudio } from '../store';
import styles from './goal.module.css';
import { byteUnit, fieldOf, inOtherUnit, type Limited, withoutLimit } from './limits';

/** One limit of the goal: a number to type or to drag. */
export function LimitControl({ what, removable }: { what: Limited; removable: boolean }) {
  const goal = useStudio((state) => state.goal);
  const setGoal = useStudio((state) => state.setGoal);
  const bytes = useStudio(({ model }) => model?.bytes ?? 0);
  // The text being typed. It is dropped when the field is left, so that a refused value does not seem to hold.
  const [draft, setDraft] = useState<string | number | null>(null);
  const { words, value, stops, most, mayBeZero, given } = fieldOf(goal, what, bytes);
  const [before, after] = words;
  const isAccepted = (typed: string | number) =>
    typed !== '' && Number(typed) <= most && (mayBeZero ? Number(typed) >= 0 : Number(typed) > 0);
  const name = `${before}, in ${what === 'size' ? after : after.replace(/^point$/, 'points')}`;
  return (
    <span className={styles.limit}>
      <span>{before}</span>
      <NumberInput
        size="xs"
        w={66}
        aria-label={name}
        value={draft ?? value}
        error={draft !== null && !isAccepted(draft)}
        title={`${mayBeZero ? 0 : 'Above 0'} to ${most}`}
        decimalScale={3}
        step={what === 'loss' ? 0.5 : 5}
        clampBehavior="none"
        onBlur={() => setDraft(null)}
        onChange={(typed) => {
          setDraft(typed);
          if (isAccepted(typed)) setGoal(given(Number(typed)));
        }}
      />
      {what === 'size' ? <SizeUnit /> : <span>{after}</span>}
      <Slider
        className={styles.slider}
        size="sm"
        min={0}
        max={stops.length - 1}
        step={1}
        value={nearest(stops, value)}
        onChange={(stop) => {
          setDraft(null);
          setGoal(given(stops[stop]!));
        }}
        label={null}
        thumbLabel={`${name}, slider`}
        thumbValueText={() => `${value} ${after}`}
      />
      {removable && <RemoveLimit what={what} words={`${before} ${value} ${after}`} />}
    </span>
  );
}

/** A limit of the size is a share of the file, or a number of bytes. */
function SizeUnit() {
  const goal = useStudio((state) => state.goal);
  const setGoal = useStudio((state) => state.setGoal);
  const bytes = useStudio(({ model }) => model?.bytes ?? 0);
  const { name } = byteUnit(bytes);
  const isShare = goal.maxBytes === undefined;
  return (
    <select
      className={styles.unit}
      aria-label="Unit of the size"
      value={isShare ? 'share' : 'bytes'}
      onChange={() => setGoal(inOtherUnit(goal, bytes))}
    >
      <option value="share">% of the bytes</option>
      <option value="bytes">{name}</option>
    </select>
  );
}

function RemoveLimit({ what, words }: { what: Limited; words: string }) {
  const goal = useStudio((state) => state.goal);
  const setGoal = useStudio((state) => state.setGoal);
  return (
    <ActionIcon
      size="xs"
      variant="subtle"
      color="gray"
      aria-label={`Remove the limit “${words}”`}
      onClick={() => setGoal(withoutLimit(goal, what))}
    >
      <IconX size={13} />
    </ActionIcon>
  );
}

function nearest(stops: readonly number[], value: number): number {
  let best = 0;
  stops.forEach((stop, i) => {
    if (Math.abs(stop - value) < Math.abs(stops[best]! - value)) best = i;
  });
  return best;
}
