import type { SlotsPicture } from '../../../engine/page/light';
import { formatInteger } from '../../format';
import { bars } from '../Histogram';
import { SMALL } from './size';

const [WIDTH, HEIGHT] = SMALL;

export function Slots({ picture: { counts, distinct, of } }: { picture: SlotsPicture }) {
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
