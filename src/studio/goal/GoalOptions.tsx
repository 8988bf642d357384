import { Button, Checkbox, NumberInput } from '@mantine/core';
import { DATA_FILES, pick } from '../files';
import { methodForms } from '../methods';
import { isBusy } from '../state/jobs';
import { useStudio } from '../store';
import styles from './goal.module.css';

/** What a search may use: methods, minutes, data. */
export function GoalOptions() {
  const settings = useStudio((state) => state.searchSettings);
  const setSettings = useStudio((state) => state.setSearchSettings);
  const all = methodForms();
  const chosen = new Set(settings.methods ?? all.map(({ name }) => name));
  const choose = (name: string, on: boolean) => {
    const methods = all.map((form) => form.name).filter((other) => (other === name ? on : chosen.has(other)));
    const { methods: _, ...rest } = settings;
    setSettings(methods.length === all.length ? rest : { ...rest, methods });
  };
  return (
    <div className={styles.options}>
      <fieldset>
        <legend>Methods that may be used</legend>
        {all.map(({ name, title, summary }) => (
          <Checkbox
            key={name}
            size="xs"
            label={title}
            title={summary}
            checked={chosen.has(name)}
            // Without any method there would be nothing to search.
            disabled={chosen.size === 1 && chosen.has(name)}
            onChange={(event) => choose(name, event.currentTarget.checked)}
          />
        ))}
      </fieldset>
      <Minutes />
      <DataChoice />
    </div>
  );
}

function Minutes() {
  const { minutes, ...rest } = useStudio((state) => state.searchSettings);
  const setSettings = useStudio((state) => state.setSearchSettings);
  return (
    <NumberInput
      size="xs"
      w={230}
      label="Minutes"
      description="Empty: until nothing better is found"
      value={minutes ?? ''}
      min={0}
      max={1440}
      decimalScale={1}
      allowNegative={false}
      onChange={(typed) => {
        if (typed === '') setSettings(rest);
        else if (Number(typed) > 0) setSettings({ ...rest, minutes: Number(typed) });
      }}
    />
  );
}

function DataChoice() {
  const data = useStudio((state) => state.data);
  const openFiles = useStudio((state) => state.openFiles);
  const clearData = useStudio((state) => state.clearData);
  const busy = useStudio(isBusy);
  const isGiven = data !== null && !data.generated;
  return (
    <div className={styles.data}>
      <span>Data: {isGiven ? data.name : 'generated inputs'}</span>
      <span>
        <Button
          size="compact-xs"
          variant="default"
          disabled={busy}
          onClick={async () => void openFiles(await pick(DATA_FILES))}
        >
          {isGiven ? 'Open other data…' : 'Open data…'}
        </Button>
        {isGiven && (
          <Button size="compact-xs" variant="default" disabled={busy} onClick={() => void clearData()}>
            Use generated inputs
          </Button>
        )}
      </span>
    </div>
  );
}
