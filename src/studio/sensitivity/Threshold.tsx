import { Slider } from '@mantine/core';
import { useId, useMemo, useState } from 'react';
import type { SensitivityReport } from '../../engine/page/light';
import { formatBytes } from '../format';
import { type Choice, cellsBelow } from './choose';
import { type DamageScale, formatDamage } from './damageScale';

/** Positions of the slider for a factor of ten. */
const PER_DECADE = 20;

/** Chooses, for every layer, the smallest cell whose damage is below a limit. What comes of it is said before it is done. */
export function Threshold(props: {
  report: SensitivityReport;
  line: string;
  scale: DamageScale;
  onChoose: (choice: Choice) => void;
}) {
  const { report, line, scale, onChoose } = props;
  const [low, high] = [Math.log10(scale.least), Math.log10(scale.most)];
  const last = Math.round(PER_DECADE * (high - low));
  const limitAt = (position: number) => 10 ** (low + (position / last) * (high - low));
  const [position, setPosition] = useState<number | null>(null);
  const shown = Math.min(last, position ?? Math.round(last / 2));
  const limit = limitAt(shown);
  const choice = useMemo(() => cellsBelow(report, line, limit), [report, line, limit]);
  const label = useId();
  return (
    <div className="heat-threshold">
      <label id={label} htmlFor={`${label}-slider`}>
        Choose all cells with damage below <strong>{formatDamage(limit)}</strong>
      </label>
      <Slider
        id={`${label}-slider`}
        size="xs"
        min={0}
        max={last}
        value={shown}
        label={null}
        thumbProps={{ 'aria-labelledby': label, 'aria-valuetext': formatDamage(limit) }}
        onChange={setPosition}
        onChangeEnd={(end) => onChoose(cellsBelow(report, line, limitAt(end)))}
      />
      <span>{describeChoice(report, choice)}</span>
    </div>
  );
}

/** "37 of 40 layers, 4.2 MB → 0.9 MB; damages add up to 0.12". */
export function describeChoice({ layers }: SensitivityReport, choice: Choice): string {
  let [count, before, after, damage] = [0, 0, 0, 0];
  for (const { id, bytes } of layers) {
    const cell = choice.get(id);
    if (!cell) continue;
    count++;
    before += bytes;
    after += cell.bytes ?? bytes;
    damage += cell.damage?.mean ?? 0;
  }
  if (count === 0) return 'no layer';
  return `${count} of ${layers.length} layers, ${formatBytes(before)} → ${formatBytes(after)}; their damages add up to ${formatDamage(damage)}, together they may do more or less`;
}
