import { ActionIcon, Button, Menu, Select } from '@mantine/core';
import { IconAdjustmentsHorizontal, IconPlus } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { OpenDataButton } from '../OpenDataButton';
import { isBusy, isRunning } from '../state/jobs';
import { useStudio } from '../store';
import { describeData } from './describe';
import { GoalOptions } from './GoalOptions';
import styles from './goal.module.css';
import { LimitControl } from './LimitControl';
import { type Limited, limitsOf, minimising, otherLimits, withLimit } from './limits';

const SearchResult = lazy(() => import('./SearchResult'));

const LIMIT_WORDS: Readonly<Record<Limited, string>> = {
  loss: 'Most that may be lost',
  size: 'Largest size',
  latency: 'Longest latency',
};

/** A goal in a line, the button that searches for recipes that meet it, and what the search found. */
export function GoalLine() {
  const goal = useStudio((state) => state.goal);
  const setGoal = useStudio((state) => state.setGoal);
  const data = useStudio((state) => state.data);
  const found = useStudio((state) => state.search !== null);
  const [open, setOpen] = useState(false);
  const limits = limitsOf(goal);
  const others = otherLimits(goal);
  const labelled = data?.labelled ?? false;
  const aims: readonly { value: Limited; label: string }[] = [
    { value: 'size', label: 'As small as possible' },
    { value: 'loss', label: labelled ? 'As accurate as possible' : 'As close as possible' },
    { value: 'latency', label: 'As fast as possible' },
  ];
  return (
    <section className={styles.goal} aria-label="Goal">
      <div className={styles.line}>
        <Select
          size="xs"
          w={162}
          aria-label="What is best"
          data={aims}
          value={goal.minimise}
          allowDeselect={false}
          onChange={(value) => setGoal(minimising(goal, value as Limited))}
          comboboxProps={{ withinPortal: false }}
        />
        {limits.map((what) => (
          <LimitControl key={what} what={what} removable={limits.length > 1} />
        ))}
        <span className={styles.buttons}>
          {others.length > 0 && (
            <Menu position="bottom-start" withinPortal={false} withInitialFocusPlaceholder={false}>
              <Menu.Target>
                <ActionIcon size="md" variant="subtle" color="gray" aria-label="Add a limit" title="Add a limit">
                  <IconPlus size={15} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                {others.map((what) => (
                  <Menu.Item key={what} onClick={() => setGoal(withLimit(goal, what))}>
                    {LIMIT_WORDS[what]}
                  </Menu.Item>
                ))}
              </Menu.Dropdown>
            </Menu>
          )}
          <ActionIcon
            size="md"
            variant="subtle"
            color="gray"
            aria-label="Options of the search"
            title="Options of the search: methods, minutes, data"
            aria-expanded={open}
            onClick={() => setOpen((now) => !now)}
          >
            <IconAdjustmentsHorizontal size={16} />
          </ActionIcon>
          <SearchButton />
        </span>
      </div>
      {open && <GoalOptions />}
      <p className={styles.note}>
        <span>{describeData(data)}</span>
        {(!data || data.generated) && <OpenDataButton>Open data…</OpenDataButton>}
      </p>
      {found && (
        <Suspense fallback={<div className={styles.waiting} aria-busy="true" />}>
          <SearchResult />
        </Suspense>
      )}
    </section>
  );
}

function SearchButton() {
  const busy = useStudio(isBusy);
  const searching = useStudio(isRunning('search'));
  const startSearch = useStudio((state) => state.startSearch);
  const cancel = useStudio((state) => state.cancel);
  return searching ? (
    <Button size="xs" variant="default" onClick={cancel} title="Keeps what was found (Esc)">
      Stop
    </Button>
  ) : (
    <Button size="xs" disabled={busy} onClick={() => void startSearch()}>
      Search
    </Button>
  );
}
