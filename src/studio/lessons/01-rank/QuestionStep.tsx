import { Button, Radio, SegmentedControl } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { breakEvenRank, rankForError } from '../../../engine/page/light';
import { TableCanvas } from '../../TableCanvas';
import { useFactors } from '../useFactors';
import { turnedSquare } from './pictures';
import styles from './rank.module.css';
import { TermsFigure } from './TermsFigure';
import { Waiting } from './Waiting';

const SIZE = 128;
const GOAL = 0.05;
const ANGLES = [0, 10, 30, 45] as const;
const squares = new Map(ANGLES.map((angle) => [angle as number, turnedSquare(angle, SIZE)]));
const ANSWERS = [
  { value: 'one', label: 'Still one: it is the same square', holds: (terms: number) => terms === 1 },
  { value: 'few', label: 'Two to five', holds: (terms: number) => terms >= 2 && terms <= 5 },
  { value: 'many', label: 'More than five', holds: (terms: number) => terms > 5 },
];

/** A guess, then the engine's count. */
export function QuestionStep() {
  const [guess, setGuess] = useState<string | null>(null);
  const [angle, setAngle] = useState<number | null>(null);
  const square = angle === null ? null : squares.get(angle)!;
  const { factors, stopped, retry } = useFactors(square);
  const answering = useRef(false);
  const drawn = square ?? squares.get(0)!;
  return (
    <>
      <p>
        An upright square has rank 1: one column and one row say where it begins and where it ends. Turn it by 45°. How
        many terms does it take now, to be within {100 * GOAL} %?
      </p>
      <div className={styles.split}>
        <div className={styles.small}>
          <TableCanvas
            rows={SIZE}
            columns={SIZE}
            values={drawn.values}
            scale={1}
            label={angle ? `A light square, turned by ${angle}°` : 'An upright light square'}
          />
        </div>
        <div className={styles.verdict}>
          <Radio.Group label="Your guess" value={guess} onChange={setGuess} size="sm">
            {ANSWERS.map(({ value, label }) => (
              <Radio key={value} value={value} label={label} size="xs" mt={6} />
            ))}
          </Radio.Group>
          {/* Disabled only before the guess: a button that goes while it has the focus leaves none. */}
          <Button
            size="compact-sm"
            disabled={guess === null}
            aria-disabled={angle !== null}
            data-disabled={angle !== null || undefined}
            onClick={() => {
              if (angle !== null) return;
              setAngle(45);
              answering.current = true;
            }}
          >
            Turn it
          </Button>
        </div>
      </div>
      {square &&
        (factors ? (
          <Answer angle={angle!} values={factors.values} guess={guess!} answering={answering} />
        ) : (
          <Waiting stopped={stopped} retry={retry} />
        ))}
      {square && (
        <SegmentedControl
          size="xs"
          value={String(angle)}
          onChange={(next) => setAngle(Number(next))}
          aria-label="Turned by"
          data={ANGLES.map((degrees) => ({ value: String(degrees), label: `${degrees}°` }))}
        />
      )}
      {square && factors && (
        <TermsFigure
          key={angle}
          picture={square}
          factors={factors}
          noun="square"
          scale={1}
          startRank={rankForError(factors.values, GOAL)}
        />
      )}
    </>
  );
}

function Answer(props: {
  angle: number;
  values: ArrayLike<number>;
  guess: string;
  /** Whether this is what the reader waits for since the button: then it takes the focus. */
  answering: { current: boolean };
}) {
  const { angle, values, guess, answering } = props;
  const verdict = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (!answering.current) return;
    answering.current = false;
    verdict.current?.focus();
  }, [answering]);
  const need = rankForError(values, GOAL);
  const right = ANSWERS.find(({ value }) => value === guess)!.holds(need);
  return (
    <p aria-live="polite" tabIndex={-1} ref={verdict}>
      {angle === 45 && (right ? <b className={styles.kept}>Right. </b> : <b className={styles.hurts}>Not quite. </b>)}
      Turned by {angle}°, it takes <b>{need}</b> {need === 1 ? 'term' : 'terms'}.{' '}
      {angle !== 0 &&
        `A column times a row can only draw what runs straight down and across; a slanted edge is laid from many small pieces. ${
          need < breakEvenRank(SIZE, SIZE) ? 'It is still worth it.' : ''
        } `}
      Rank belongs to the table as it lies, not to the thing that it shows. Other methods look for other patterns.
    </p>
  );
}
