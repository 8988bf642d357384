import { Button, NumberInput } from '@mantine/core';
import { useState } from 'react';
import styles from './rank.module.css';
import { outerProduct, rankOf } from './table';

const COLUMN = [1, 2, 3, 4];
const ROW = [2, 1, 3, 1, 2];
const SPOIL = 5;

/** The smallest example: a 4 × 5 table made of 9 numbers, and what a changed cell does to it. */
export function TableStep() {
  const [column, setColumn] = useState(COLUMN);
  const [row, setRow] = useState(ROW);
  const [spoilt, setSpoilt] = useState<ReadonlySet<string>>(new Set());

  const table = outerProduct(column, row).map((line, i) =>
    line.map((value, j) => value + (spoilt.has(`${i} ${j}`) ? SPOIL : 0)),
  );
  const rank = rankOf(table);
  const pair = column.length + row.length;
  const cells = column.length * row.length;
  const largest = Math.max(...table.flat(), 1);

  const toggle = (cell: string) => {
    const next = new Set(spoilt);
    if (!next.delete(cell)) next.add(cell);
    setSpoilt(next);
  };

  return (
    <>
      <p>
        Take a column of {column.length} numbers and a row of {row.length}. Multiply each by each, and {pair} numbers
        have become a table of {cells}. Every line of it is a multiple of the same row. Such a table has{' '}
        <strong>rank 1</strong>.
      </p>
      <p>
        Change a number of the column or of the row: the rank stays 1. Then press a cell to add {SPOIL} to it. Now one
        pair no longer makes the table, and a second pair has to mend it. The rank is the number of pairs that are
        needed.
      </p>
      <div className={styles.split}>
        <table className={styles.outer} aria-label="A column times a row">
          <tbody>
            <tr>
              <td />
              {row.map((value, j) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a place in the row is what the entry is
                <td key={j}>
                  <Entry label={`Row, number ${j + 1}`} value={value} onChange={(next) => setRow(row.with(j, next))} />
                </td>
              ))}
            </tr>
            {table.map((line, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a place in the table is what the line is
              <tr key={i}>
                <td>
                  <Entry
                    label={`Column, number ${i + 1}`}
                    value={column[i]}
                    onChange={(next) => setColumn(column.with(i, next))}
                  />
                </td>
                {line.map((value, j) => {
                  const cell = `${i} ${j}`;
                  return (
                    <td key={cell}>
                      <button
                        type="button"
                        className={styles.cell}
                        style={{ '--depth': `${Math.round((42 * value) / largest)}%` }}
                        aria-pressed={spoilt.has(cell)}
                        aria-label={`Line ${i + 1}, place ${j + 1}: ${value}`}
                        onClick={() => toggle(cell)}
                      >
                        {value}
                      </button>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
        <div className={styles.verdict}>
          <p aria-live="polite">
            <span className={styles.big}>rank {rank}</span>
            {rank} × ({column.length} + {row.length}) = <b>{rank * pair}</b> numbers stand for {cells}.{' '}
            {rank * pair < cells ? (
              <span className={styles.kept}>Worth it.</span>
            ) : (
              <span className={styles.hurts}>Storing the table itself is cheaper.</span>
            )}
          </p>
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => {
              setColumn(COLUMN);
              setRow(ROW);
              setSpoilt(new Set());
            }}
          >
            Start over
          </Button>
        </div>
      </div>
    </>
  );
}

function Entry({ label, value, onChange }: { label: string; value: number; onChange(value: number): void }) {
  return (
    <NumberInput
      className={styles.entry}
      size="xs"
      aria-label={label}
      min={0}
      max={9}
      clampBehavior="strict"
      allowDecimal={false}
      hideControls
      withKeyboardEvents
      value={value}
      onChange={(next) => onChange(Number(next) || 0)}
    />
  );
}
