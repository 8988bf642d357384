import { useComputedColorScheme } from '@mantine/core';
import { shadeAt } from './colours';
import { type DamageScale, formatDamage } from './damageScale';

const STOPS = 24;

/** What the colours of damage mean, with numbers; and what marks an estimate and a skipped cell. */
export function Legend({ scale, title, unit }: { scale: DamageScale; title: string; unit?: string | undefined }) {
  const scheme = useComputedColorScheme('light');
  const colours = Array.from({ length: STOPS }, (_, i) => shadeAt(i / (STOPS - 1), scheme).fill);
  return (
    <div className="heat-legend">
      <span>
        {title}
        {unit && `, ${unit}`}
      </span>
      <span className="heat-scale">
        <i style={{ background: `linear-gradient(90deg, ${colours.join(', ')})` }} />
        {fewer(scale.ticks).map((tick) => (
          <span key={tick} style={{ left: `${100 * scale.place(tick)}%` }}>
            {formatDamage(tick)}
          </span>
        ))}
      </span>
      <span>
        <i className="heat-estimate" /> not measured yet: estimated error
      </span>
      <span>
        <b>≈ 0</b> cannot be told from none · <b>=</b> cannot be told from the level before · <b>–</b> skipped
      </span>
    </div>
  );
}

/** Every second power of ten, where all would touch. */
const fewer = (ticks: readonly number[]): readonly number[] =>
  ticks.length <= 6 ? ticks : ticks.filter((_, i) => (ticks.length - 1 - i) % 2 === 0);
