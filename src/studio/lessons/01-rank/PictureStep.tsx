import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import { breakEvenRank, rankForError } from '../../../engine/page/light';
import { formatShare } from '../../format';
import { useFactors } from '../useFactors';
import { drawPicture, type PictureName } from './pictures';
import styles from './rank.module.css';
import { TermsFigure } from './TermsFigure';
import { Waiting } from './Waiting';

const SIZE = 192;
const GOAL = 0.1;
const pictures = {
  quarry: drawPicture('quarry', SIZE),
  weave: drawPicture('weave', SIZE),
  noise: drawPicture('noise', SIZE),
};

/** Three pictures: one that falls off, one of exact low rank, and chance, which has nothing to leave out. */
export function PictureStep() {
  const [name, setName] = useState<PictureName>('quarry');
  const { factors, stopped, retry } = useFactors(pictures[name]);
  return (
    <>
      <p>
        A grey picture is a table of shades, here {SIZE} × {SIZE}. The engine splits it into <em>terms</em>, each a
        column times a row, the one that matters most first. This is the singular value decomposition: no other choice
        of r pairs comes closer.
      </p>
      <p>
        Keep the first terms and drop the rest. The weight of each term is its <em>singular value</em>, and the error
        follows from those that are dropped: √(Σ dropped σ² / Σ all σ²). Nobody has to rebuild anything to know it,
        which is why the sliders of the studio are exact.
      </p>
      <SegmentedControl
        size="xs"
        value={name}
        onChange={(next) => setName(next as PictureName)}
        aria-label="Picture"
        data={[
          { value: 'quarry', label: 'Quarry' },
          { value: 'weave', label: 'Weave' },
          { value: 'noise', label: 'Noise' },
        ]}
      />
      {factors ? (
        <>
          <TermsFigure
            key={name}
            picture={pictures[name]}
            factors={factors}
            noun="picture"
            scale={1}
            startRank={rankForError(factors.values, GOAL)}
          />
          <Verdict values={factors.values} />
        </>
      ) : (
        <Waiting stopped={stopped} retry={retry} />
      )}
    </>
  );
}

function Verdict({ values }: { values: ArrayLike<number> }) {
  const need = rankForError(values, GOAL);
  const limit = breakEvenRank(SIZE, SIZE);
  const size = (2 * need) / SIZE;
  return (
    <p aria-live="polite">
      {need < limit ? <b className={styles.kept}>It compresses. </b> : <b className={styles.hurts}>It does not. </b>}
      To be within {formatShare(GOAL, 0)} it takes {need} terms, {formatShare(size, 0)} of the numbers.{' '}
      {need < limit
        ? 'Bands and edges repeat from line to line, and what repeats is stored once.'
        : `Above ${Math.floor(limit)} terms the pairs hold more numbers than the picture. Chance has no pattern that repeats, so every term matters.`}
    </p>
  );
}
