import { Slider } from '@mantine/core';
import { useId, useMemo, useState } from 'react';
import { breakEvenRank, type MatrixPicture, type PictureFactors, truncationError } from '../../../engine/page/light';
import { formatError, formatInteger, formatShare } from '../../format';
import { TableCanvas } from '../../TableCanvas';
import styles from './rank.module.css';
import { PartialSum } from './rebuild';
import { SigmaCurve } from './SigmaCurve';

/**
 * A table, its first r terms and what is missing, with a slider for r. The rebuilt picture, its error and the figures
 * follow the slider within one frame.
 */
export function TermsFigure(props: {
  picture: MatrixPicture;
  factors: PictureFactors;
  /** What the table is called: "picture", "layer". */
  noun: string;
  /** The value that is drawn white. */
  scale: number;
  startRank: number;
  /** Singular values to compare with, and what they are. */
  compare?: { readonly values: ArrayLike<number>; readonly name: string } | undefined;
}) {
  const { picture, factors, noun, scale, startRank, compare } = props;
  const { rows, columns, values } = picture;
  const label = useId();
  const [rank, setRank] = useState(startRank);
  const sum = useMemo(() => new PartialSum(picture, factors), [picture, factors]);
  const difference = useMemo(() => new Float64Array(values.length), [values]);

  const { measured, shown } = useMemo(() => {
    sum.moveTo(rank);
    for (let i = 0; i < values.length; i++) difference[i] = values[i] - sum.values[i];
    return { measured: sum.relativeError(), shown: sum.rank };
  }, [sum, rank, values, difference]);

  const stored = shown * (rows + columns);
  const dense = rows * columns;
  const saves = stored < dense;
  return (
    <div className={styles.figure}>
      <div className={styles.pictures}>
        <figure>
          <TableCanvas rows={rows} columns={columns} values={values} scale={scale} label={`The ${noun}`} />
          <figcaption>
            the {noun}, {rows} × {columns}
          </figcaption>
        </figure>
        <figure>
          <TableCanvas
            rows={rows}
            columns={columns}
            values={sum.values}
            scale={scale}
            version={shown}
            label={`Rebuilt from ${terms(shown)}`}
          />
          <figcaption>{shown === 1 ? 'the first term' : `the first ${shown} terms`}</figcaption>
        </figure>
        <figure>
          <TableCanvas
            rows={rows}
            columns={columns}
            values={difference}
            scale={scale}
            tone="lost"
            version={shown}
            label={`What ${terms(shown)} leave out`}
          />
          <figcaption>what is missing</figcaption>
        </figure>
      </div>
      <SigmaCurve values={factors.values} rank={shown} breakEven={breakEvenRank(rows, columns)} compare={compare} />
      <Slider
        className={styles.slider}
        size="sm"
        value={shown}
        min={0}
        max={sum.fullRank}
        step={1}
        label={null}
        onChange={setRank}
        thumbProps={{ 'aria-labelledby': label, 'aria-valuetext': terms(shown) }}
      />
      <dl className={styles.figures}>
        <Figure name="terms kept" id={label} value={String(shown)} detail={`of ${sum.fullRank}`} />
        <Figure name="numbers stored" value={formatInteger(stored)} detail={`of ${formatInteger(dense)}`} />
        <Figure
          name="size"
          value={formatShare(stored / dense, 0)}
          detail={saves ? 'smaller' : 'no gain'}
          tone={saves ? 'kept' : 'hurts'}
        />
        <Figure name="error" value={formatError(measured)} detail="measured on the cells" />
        <Figure
          name="error"
          value={formatError(truncationError(factors.values, shown))}
          detail="from the singular values"
        />
      </dl>
    </div>
  );
}

function Figure(props: { name: string; id?: string; value: string; detail: string; tone?: 'kept' | 'hurts' }) {
  return (
    <div>
      <dt id={props.id}>{props.name}</dt>
      <dd>
        <b className={props.tone && styles[props.tone]}>{props.value}</b>
        <small>{props.detail}</small>
      </dd>
    </div>
  );
}

const terms = (count: number): string => `${count} ${count === 1 ? 'term' : 'terms'}`;
