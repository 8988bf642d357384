import { Button, Checkbox, Group, Modal, NumberInput, Switch } from '@mantine/core';
import { useState } from 'react';
import type { SensitivityLine, SensitivityRequest } from '../../engine/page/light';
import { question } from '../shell/question';
import { formatLevel } from './damageScale';

/** Shares of the dense bytes that can be measured, and those that are ticked at first. */
const LEVELS = [0.75, 0.5, 0.375, 0.25, 0.1875, 0.125, 0.0625, 0.03125];
const FIRST_LEVELS: readonly number[] = [0.75, 0.5, 0.25, 0.125, 0.0625];

/** What is measured: which lines, at which levels, on how many samples. */
export function MeasureForm(props: {
  lines: readonly (SensitivityLine & { readonly isUsual: boolean })[];
  request: SensitivityRequest | null;
  onMeasure: (request: SensitivityRequest) => void;
  onClose: () => void;
}) {
  const { lines, request, onMeasure, onClose } = props;
  const [keys, setKeys] = useState<readonly string[]>(
    request?.lines ?? lines.filter(({ isUsual }) => isUsual).map(({ key }) => key),
  );
  const [levels, setLevels] = useState<readonly number[]>(request?.levels ?? FIRST_LEVELS);
  const [isAutomatic, setAutomatic] = useState(request?.samples === undefined);
  const [samples, setSamples] = useState(request?.samples ?? 64);
  const isReady = levels.length > 0 && keys.length > 0 && (isAutomatic || samples >= 1);
  const measure = () => {
    onMeasure({
      lines: lines.map(({ key }) => key).filter((key) => keys.includes(key)),
      levels: LEVELS.filter((level) => levels.includes(level)),
      ...(!isAutomatic && { samples }),
    });
    onClose();
  };
  return (
    <Modal {...question(onClose)} title="Measure sensitivity" closeButtonProps={{ 'aria-label': 'Measure nothing' }}>
      <p className="dialogue-text">
        Every layer is compressed alone, by each method and at each level, and the answer of the model is compared with
        the original's. The most informative cells come first. Measured cells are kept.
      </p>
      <fieldset className="heat-choices">
        <legend>Methods</legend>
        {lines.map(({ key, title }) => (
          <Checkbox
            key={key}
            size="xs"
            iconColor="var(--on-kept)"
            label={title}
            checked={keys.includes(key)}
            onChange={(event) => setKeys(toggled(keys, key, event.currentTarget.checked))}
          />
        ))}
      </fieldset>
      <fieldset className="heat-choices">
        <legend>Levels: share of the layer's bytes that is kept</legend>
        {LEVELS.map((level) => (
          <Checkbox
            key={level}
            size="xs"
            iconColor="var(--on-kept)"
            label={formatLevel(level)}
            checked={levels.includes(level)}
            onChange={(event) => setLevels(toggled(levels, level, event.currentTarget.checked))}
          />
        ))}
      </fieldset>
      <fieldset className="heat-choices">
        <legend>Samples</legend>
        <Switch
          size="xs"
          label="Enough to tell differences from noise"
          checked={isAutomatic}
          onChange={(event) => setAutomatic(event.currentTarget.checked)}
        />
        {!isAutomatic && (
          <NumberInput
            size="xs"
            aria-label="Samples"
            min={1}
            allowDecimal={false}
            value={samples}
            onChange={(value) => setSamples(Number(value) || 0)}
          />
        )}
      </fieldset>
      <Group justify="flex-end" gap="xs">
        <Button data-autofocus disabled={!isReady} onClick={measure}>
          Measure
        </Button>
      </Group>
    </Modal>
  );
}

function toggled<T>(values: readonly T[], value: T, isIn: boolean): readonly T[] {
  return isIn ? [...values, value] : values.filter((one) => one !== value);
}
