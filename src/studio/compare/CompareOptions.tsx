import { ActionIcon, NumberInput, Popover, Select } from '@mantine/core';
import { IconAdjustmentsHorizontal } from '@tabler/icons-react';
import { type ChosenKind, KIND_WORDS, OUTPUT_KINDS } from '../../engine/page/light';
import { isBusy } from '../state/jobs';
import { useStudio } from '../store';
import styles from './compare.module.css';

const AUTOMATIC = 'automatic';

/** How runs are compared: samples, batch, timed runs, and what outputs are. It holds from the next comparison on. */
export function CompareOptions() {
  const busy = useStudio(isBusy);
  return (
    <Popover position="bottom-end" width={300} trapFocus withinPortal={false} shadow="md">
      <Popover.Target>
        <ActionIcon
          size="md"
          variant="default"
          aria-label="Options"
          title="Samples, batch and timed runs"
          disabled={busy}
        >
          <IconAdjustmentsHorizontal size={16} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <Fields />
      </Popover.Dropdown>
    </Popover>
  );
}

function Fields() {
  const { samples, batch, runs, kinds = {} } = useStudio((state) => state.comparing);
  const setComparing = useStudio((state) => state.setComparing);
  const outputs = useOutputs();
  const count = (value: string | number) => (typeof value === 'number' ? value : undefined);
  const choose = (name: string, kind: string | null) => {
    const { [name]: _, ...others } = kinds;
    setComparing({ kinds: kind === null || kind === AUTOMATIC ? others : { ...others, [name]: kind as ChosenKind } });
  };
  return (
    <div className={styles.options}>
      <NumberInput
        size="xs"
        label="Samples"
        placeholder="all"
        min={1}
        allowDecimal={false}
        value={samples ?? ''}
        onChange={(value) => setComparing({ samples: count(value) })}
      />
      <NumberInput
        size="xs"
        label="Samples per run"
        placeholder="as many as fit"
        min={1}
        allowDecimal={false}
        value={batch ?? ''}
        onChange={(value) => setComparing({ batch: count(value) })}
      />
      <NumberInput
        size="xs"
        label="Timed runs"
        description="Of each model. 0: latency is not measured."
        placeholder="40, fewer where they are slow"
        min={0}
        allowDecimal={false}
        value={runs ?? ''}
        onChange={(value) => setComparing({ runs: count(value) })}
      />
      {outputs.map(({ name, kind }) => (
        <Select
          key={name}
          size="xs"
          label={`Output ${name}`}
          data={[
            {
              value: AUTOMATIC,
              label: name in kinds ? 'told by its values' : `told by its values: ${KIND_WORDS[kind]}`,
            },
            ...[...OUTPUT_KINDS, 'none' as const].map((value) => ({ value, label: KIND_WORDS[value] })),
          ]}
          value={kinds[name] ?? AUTOMATIC}
          allowDeselect={false}
          comboboxProps={{ withinPortal: false }}
          onChange={(value) => choose(name, value)}
        />
      ))}
      <p className={styles.note}>These hold from the next comparison on.</p>
    </div>
  );
}

/** The outputs that were seen: of the run that is shown, or of the original. */
function useOutputs(): readonly { readonly name: string; readonly kind: ChosenKind }[] {
  const compared = useStudio(({ runs, currentRun }) => runs.find(({ run }) => run === currentRun)?.evaluation?.outputs);
  const original = useStudio((state) => state.original?.outputs);
  return compared ?? original ?? NONE;
}

const NONE: readonly [] = [];
