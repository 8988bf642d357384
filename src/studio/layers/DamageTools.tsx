import { SegmentedControl, Select } from '@mantine/core';
import { formatLevel } from '../sensitivity/damageScale';
import { listedLevel } from '../sensitivity/map';
import type { LayerFigures } from '../store';
import { useStudio } from '../store';

/** Chooses what the treemap and the list show, once damage has been measured: spectra, or damage at a level. */
export function DamageTools() {
  const report = useStudio((state) => state.sensitivity);
  const figures = useStudio((state) => state.layerFigures);
  const wanted = useStudio((state) => state.mapLevel);
  const showFigures = useStudio((state) => state.showFigures);
  const showLevel = useStudio((state) => state.showLevel);
  if (!report || report.levels.length === 0) return null;
  return (
    <div className="damage-tools">
      <SegmentedControl
        size="xs"
        aria-label="Layers show"
        value={figures}
        onChange={(value) => showFigures(value as LayerFigures)}
        data={[
          { value: 'spectrum', label: 'Spectrum' },
          { value: 'damage', label: 'Damage' },
        ]}
      />
      {figures === 'damage' && (
        <Select
          size="xs"
          variant="unstyled"
          rightSectionWidth={20}
          aria-label="Damage at this share of the bytes"
          allowDeselect={false}
          data={report.levels.map((level) => ({ value: String(level), label: `at ${formatLevel(level)}` }))}
          value={String(listedLevel(report, wanted))}
          onChange={(value) => value !== null && showLevel(Number(value))}
          comboboxProps={{ width: 120, withinPortal: false }}
        />
      )}
    </div>
  );
}
