import { Button, Select } from '@mantine/core';
import { useEffect, useMemo, useState } from 'react';
import { breakEvenRank, type LayerReport, type MatrixPicture, rankForError } from '../../../engine/page/light';
import { engine, isCancelled } from '../../engine';
import { formatInteger, formatShape, formatShare } from '../../format';
import { isBusy, sentence } from '../../state/jobs';
import { useStudio } from '../../store';
import { useFactors } from '../useFactors';
import { noiseTable } from './pictures';
import styles from './rank.module.css';
import { corner } from './rebuild';
import { TermsFigure } from './TermsFigure';
import { Waiting } from './Waiting';

/** A slider over 256 terms of 256² stays within a frame. */
const CORNER = 256;
const GOAL = 0.2;

/** The same on a weight of the open model; without one, the bundled sample is a click away. */
export function LayerStep() {
  const model = useStudio((state) => state.model);
  const layers = useMemo(
    () =>
      (model?.layers ?? [])
        .filter(({ compressible, shape }) => compressible && shape.length === 2)
        .sort((a, b) => b.parameters - a.parameters),
    [model],
  );
  const [chosen, setChosen] = useState<string | null>(null);
  const layer = layers.find(({ id }) => id === chosen) ?? layers[0];
  return (
    <>
      <p>
        The weight of a dense layer is a table as well: one line for each output, one column for each input. Truncating
        it replaces one big multiplication by two thin ones.
      </p>
      <p>
        Training seldom makes low rank on purpose. But inputs depend on each other, and a few directions serve most of
        them, so a trained layer often falls off faster than chance of the same shape does. Where it does not,
        truncation hurts, and the studio says so before you try.
      </p>
      {layer ? (
        <>
          <Select
            className={styles.layers}
            size="xs"
            label="Layer"
            allowDeselect={false}
            value={layer.id}
            onChange={setChosen}
            data={layers.map(({ id, name, op, shape }) => ({
              value: id,
              label: `${name} · ${op} ${formatShape(shape)}`,
            }))}
          />
          <LayerFigure key={layer.id} layer={layer} />
        </>
      ) : (
        <>
          {model && <p>{model.name} has no dense layer that can be compressed; the sample has some.</p>}
          <OpenSample />
        </>
      )}
    </>
  );
}

function OpenSample() {
  const sample = useStudio(({ samples }) => samples[0]);
  const openSample = useStudio((state) => state.openSample);
  const busy = useStudio(isBusy);
  if (!sample) return <p>Open a model in the studio to see this step on one of its layers.</p>;
  return (
    <Button size="sm" disabled={busy} onClick={() => void openSample(sample)}>
      Open the sample: {sample.name}
    </Button>
  );
}

function LayerFigure({ layer }: { layer: LayerReport }) {
  const picture = usePicture(layer);
  const noise = useMemo(() => picture && noiseTable(picture.rows, picture.columns), [picture]);
  const { factors, stopped, retry } = useFactors(picture);
  const chance = useFactors(factors && noise).factors;
  const scale = useMemo(() => 3 * rootMeanSquare(picture?.values ?? []) || 1, [picture]);
  if (!picture || !factors) return <Waiting stopped={stopped} retry={retry} />;
  const [rows, columns] = layer.shape;
  const whole = picture.rows === rows && picture.columns === columns;
  return (
    <>
      <TermsFigure
        picture={picture}
        factors={factors}
        noun={whole ? 'layer' : 'corner of the layer'}
        scale={scale}
        startRank={rankForError(factors.values, GOAL)}
        compare={chance ? { values: chance.values, name: 'dashed: chance of the same shape' } : undefined}
      />
      {chance && (
        <p>
          To be within {formatShare(GOAL, 0)}, this {whole ? 'layer' : 'corner'} takes{' '}
          <b>{rankForError(factors.values, GOAL)}</b> terms. Chance of the same shape takes{' '}
          {rankForError(chance.values, GOAL)}.
        </p>
      )}
      <WholeLayer layer={layer} />
    </>
  );
}

function WholeLayer({ layer }: { layer: LayerReport }) {
  const spectrum = useStudio(({ spectra }) => spectra.get(layer.id));
  const [rows, columns] = layer.shape;
  const limit = breakEvenRank(rows, columns);
  const need = spectrum?.kind === 'matrix' ? rankForError(spectrum.values, GOAL) : null;
  return (
    <p>
      The whole layer is {formatShape(layer.shape)}, {formatInteger(rows * columns)} numbers. A pair holds{' '}
      {formatInteger(rows + columns)}, so the factors are smaller below rank {Math.floor(limit)}: this is its{' '}
      <strong>break-even rank</strong>, mn / (m + n).{' '}
      {need !== null && (
        <>
          For {formatShare(GOAL, 0)} it takes rank {need},{' '}
          {need < limit ? (
            <b className={styles.kept}>{formatShare((need * (rows + columns)) / (rows * columns), 0)} of its size.</b>
          ) : (
            <b className={styles.hurts}>which saves nothing.</b>
          )}{' '}
          An error in the weight is not yet an error in the answer. How much the network minds, only running it tells:
          that is what Compare is for.
        </>
      )}
    </p>
  );
}

/** The leading corner of a layer's weight; null until it is there. */
function usePicture(layer: LayerReport): MatrixPicture | null {
  const notify = useStudio((state) => state.notify);
  const [picture, setPicture] = useState<MatrixPicture | null>(null);
  useEffect(() => {
    let wanted = true;
    engine.weightPicture(layer.id).then(
      (whole) => wanted && setPicture(corner(whole, CORNER)),
      (error) => wanted && !isCancelled(error) && notify('error', sentence(error)),
    );
    return () => {
      wanted = false;
    };
  }, [layer.id, notify]);
  return picture;
}

function rootMeanSquare(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ** 2;
  return Math.sqrt(sum / (values.length || 1));
}
