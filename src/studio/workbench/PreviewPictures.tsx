import { useMemo } from 'react';
import { type HeatMap, quantile, type StackPreview } from '../../engine/page/light';
import { formatFigure } from '../compare/rows';
import { formatShape } from '../format';
import { TableCanvas } from '../TableCanvas';
import { Histogram } from './Histogram';
import { MethodPicture } from './pictures/MethodPicture';

/** The weight before and after, what is lost, how its values are spread, and what the step in view did. */
export default function PreviewPictures({ preview, step }: { preview: StackPreview; step: number }) {
  const { maps, histogram, pictures, shape } = preview;
  // One scale for all three, so that their shades compare; a few outliers must not leave the rest blank.
  const scale = useMemo(() => quantile(maps.before.values, 0.99) || 1, [maps]);
  const picture = pictures[step];
  const [tall, wide] = maps.before.block;
  return (
    <div className="preview-pictures">
      <figure className="preview-histogram">
        <Histogram histogram={histogram} />
        <figcaption>
          values, <i data-tone="before" /> before and <i data-tone="after" /> after
        </figcaption>
      </figure>
      <Heat map={maps.before} scale={scale} caption="before" />
      <Heat map={maps.after} scale={scale} caption="after" />
      {maps.difference ? (
        <Heat map={maps.difference} scale={scale} caption="lost" lost />
      ) : (
        <figure className="preview-none">
          <p>
            {preview.steps.at(-1)?.error === 0
              ? 'Nothing is lost.'
              : 'Units are gone: the two have no entries in common.'}
          </p>
        </figure>
      )}
      {picture && <MethodPicture picture={picture} />}
      <p className="preview-legend">
        {formatShape(shape)}: a row is an output.{' '}
        {tall * wide > 1
          ? `Each point is the root mean square of ${tall} × ${wide} weights`
          : 'Each point is a weight, without its sign'}
        ; full colour is {formatFigure(scale)} or more, in all three.
      </p>
    </div>
  );
}

function Heat({ map, scale, caption, lost }: { map: HeatMap; scale: number; caption: string; lost?: boolean }) {
  const { rows, columns, values } = map;
  return (
    <figure className="preview-map">
      <TableCanvas
        rows={rows}
        columns={columns}
        values={values}
        scale={scale}
        tone={lost ? 'lost' : 'kept'}
        label={`The weight ${caption}, as a heat map`}
      />
      <figcaption>{caption}</figcaption>
    </figure>
  );
}
