import type { StepPicture } from '../../worker/protocol';
import { formatInteger, formatShare } from '../format';
import { TableCanvas } from '../TableCanvas';
import { bars } from './Histogram';

/** What a method did, as it is best seen. */
export function MethodPicture({ picture }: { picture: StepPicture }) {
  switch (picture.kind) {
    case 'mask':
      return <Mask picture={picture} />;
    case 'grid':
      return <Grid picture={picture} />;
    case 'bonds':
      return <Bonds picture={picture} />;
    case 'slots':
      return <Slots picture={picture} />;
  }
}

type Of<Kind extends StepPicture['kind']> = { picture: Extract<StepPicture, { kind: Kind }> };

function Mask({ picture: { map, zeros, of } }: Of<'mask'>) {
  const { rows, columns, values } = map;
  const gone = formatShare(zeros / of);
  return (
    <figure className="preview-map preview-method">
      <TableCanvas
        rows={rows}
        columns={columns}
        values={values}
        scale={1}
        tone="kept"
        label={`Mask: ${gone} are zero`}
      />
      <figcaption>The mask: {gone} are zero; the fuller a block, the more of it is left.</figcaption>
    </figure>
  );
}

const [WIDTH, HEIGHT] = [200, 130];
/** Weights beyond this many times the row's root mean square pull the grid apart. */
const OUTLIER = 4;

function Grid({ picture: { row, before, after, levels, rms } }: Of<'grid'>) {
  const most = Math.max(...before.map(Math.abs), ...after.map(Math.abs)) || 1;
  const x = (value: number) => ((value / most + 1) / 2) * (WIDTH - 6) + 3;
  const y = (value: number) => HEIGHT - 3 - ((value / most + 1) / 2) * (HEIGHT - 6);
  const outliers = before.filter((value) => Math.abs(value) > OUTLIER * rms).length;
  return (
    <figure className="preview-histogram preview-method">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`Weights of row ${row} that share a scale, before across and after upwards: ${levels} levels, ${outliers} outliers`}
      >
        {[...new Set(after)].map((level) => (
          <path key={level} className="grid-level" d={`M0 ${y(level)}H${WIDTH}`} />
        ))}
        <path className="histogram-before" d={`M${x(-most)} ${y(-most)}L${x(most)} ${y(most)}`} />
        {Array.from(before, (value, i) => (
          <circle
            // biome-ignore lint/suspicious/noArrayIndexKey: a dot is its place
            key={i}
            className="grid-dot"
            data-outlier={Math.abs(value) > OUTLIER * rms || undefined}
            cx={x(value)}
            cy={y(after[i])}
            r={1.6}
          />
        ))}
      </svg>
      <figcaption>
        The weights that share a scale with the largest one, in row {row}: before across, after upwards, on {levels}{' '}
        levels
        {outliers > 0 && `; in orange beyond ${OUTLIER} × their root mean square, which pull the levels apart`}.
      </figcaption>
    </figure>
  );
}

const [WIDE, TALL] = [600, 150];
/** Smaller shares of the largest value are numerical dust. */
const DUST = 1e-6;

function Bonds({ picture: { cuts } }: Of<'bonds'>) {
  const most = Math.max(...cuts.map(({ values }) => values.length));
  const least = Math.min(
    0.1,
    ...cuts.map(({ values }) => (values.findLast((value) => value > DUST * values[0]) ?? 1) / (values[0] || 1)),
  );
  const decades = Math.ceil(-Math.log10(least));
  const x = (bond: number) => ((bond - 1) / Math.max(1, most - 1)) * WIDE;
  const y = (share: number) => (Math.min(decades, -Math.log10(Math.max(share, 1e-12))) / decades) * TALL;
  const words = cuts.map(
    ({ effective, kept, values }, at) =>
      `bond ${at + 1}: ${kept} of ${values.length} kept, effective χ ${effective.toFixed(effective < 10 ? 1 : 0)}`,
  );
  return (
    <figure className="preview-bonds">
      <svg
        viewBox={`0 0 ${WIDE} ${TALL}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Schmidt spectrum of each cut, logarithmic; ${words.join('; ')}`}
      >
        {cuts.map(({ values, kept }, at) => {
          const step = Math.max(1, Math.ceil(values.length / WIDE));
          const line = Array.from({ length: Math.ceil(values.length / step) }, (_, i) => {
            const bond = i * step;
            return `${i === 0 ? 'M' : 'L'}${x(bond + 1)} ${y(values[bond] / (values[0] || 1))}`;
          }).join('');
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a cut is its place
            <g key={at} data-cut={at}>
              <path d={line} />
              <path className="bond-kept" d={`M${x(kept)} 0V${TALL}`} />
            </g>
          );
        })}
      </svg>
      <figcaption>
        Schmidt spectra, {decades === 1 ? 'one decade' : `${decades} decades`} from top to bottom, bonds 1 to {most}{' '}
        across, dashed where they are cut: {words.join('; ')}
      </figcaption>
    </figure>
  );
}

function Slots({ picture: { counts, distinct, of } }: Of<'slots'>) {
  const heights = counts.map((count) => (HEIGHT * Math.log1p(count)) / Math.log1p(counts[0]));
  return (
    <figure className="preview-histogram preview-method">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`${distinct} values shared by ${of} weights; the most used by ${counts[0]}`}
      >
        <path className="histogram-after" d={bars(heights, WIDTH, HEIGHT)} />
      </svg>
      <figcaption>
        {formatInteger(of)} weights share {formatInteger(distinct)} values; uses of the {counts.length} most used,
        logarithmic
      </figcaption>
    </figure>
  );
}
