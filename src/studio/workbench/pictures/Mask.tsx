import type { MaskPicture } from '../../../engine/page/light';
import { formatShare } from '../../format';
import { TableCanvas } from '../../TableCanvas';

export function Mask({ picture: { map, zeros, of } }: { picture: MaskPicture }) {
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
      <figcaption>The mask: {gone} are zero. A fuller block has more weights left.</figcaption>
    </figure>
  );
}
