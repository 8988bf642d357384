import type { BondsPicture } from '../../../engine/page/light';

const [WIDE, TALL] = [600, 150];
/** Values below this share of the largest are rounding. */
const DUST = 1e-6;

export function Bonds({ picture: { cuts } }: { picture: BondsPicture }) {
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
