import type { LayerReport, OtherParameters } from '../../engine/page/light';
import { formatInteger, formatShape } from '../format';
import { ShortName } from '../ShortName';

interface Props {
  readonly layers: readonly LayerReport[];
  readonly others: readonly OtherParameters[];
  /** Whether the list is open at first. */
  readonly open: boolean;
}

/** Weights that stay as they are, with the reason: first layers, then parameters in no layer. Every parameter of the model
 * is listed somewhere. */
export function NotCompressible({ layers, others, open }: Props) {
  if (layers.length + others.length === 0) return null;
  const count = others.reduce((sum, { parameters }) => sum + parameters, 0);
  return (
    <details className="not-compressible" open={open}>
      <summary>
        {layers.length > 0 && `${layers.length} not compressible`}
        {layers.length > 0 && count > 0 && ', '}
        {count > 0 && `${formatInteger(count)} ${count === 1 ? 'parameter' : 'parameters'} in no layer`}
      </summary>
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
        {others.map(({ reason, tensors, parameters }) => (
          <li key={reason}>
            <span>
              {formatInteger(parameters)} in {formatInteger(tensors)} {tensors === 1 ? 'tensor' : 'tensors'}
            </span>
            <p>{reason}</p>
          </li>
        ))}
      </ul>
    </details>
  );
}
