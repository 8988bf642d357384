import { Button, Loader } from '@mantine/core';
import type { Factoring } from '../useFactors';
import styles from './rank.module.css';

/** Where a figure will stand, while the engine works on it. */
export function Waiting({ stopped, retry }: Pick<Factoring, 'stopped' | 'retry'>) {
  return (
    <div className={styles.waiting} aria-busy={!stopped}>
      {stopped ? (
        <Button size="compact-sm" variant="default" onClick={retry}>
          Factor it again
        </Button>
      ) : (
        <>
          <Loader size="xs" aria-hidden="true" /> The engine is splitting it into terms…
        </>
      )}
    </div>
  );
}
