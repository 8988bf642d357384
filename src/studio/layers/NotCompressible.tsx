import type { LayerReport } from '../../worker/protocol';
import { formatShape } from '../format';
import { ShortName } from '../ShortName';

/** Weights that stay as they are, and why; `open`: unfolded at first. */
export function NotCompressible({ layers, open }: { layers: readonly LayerReport[]; open: boolean }) {
  if (layers.length === 0) return null;
  return (
    <details className="not-compressible" open={open}>
      <summary>{layers.length} not compressible</summary>
      <ul>
        {layers.map(({ id, name, op, shape, reason }) => (
          <li key={id}>
            <ShortName text={name} />
            <span>
              {op} {formatShape(shape)}
            </span>
            {reason && <p>{reason}</p>}
          </li>
        ))}
      </ul>
    </details>
  );
}
