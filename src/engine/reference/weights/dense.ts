import { halvesToFloats } from '../../model/tensors';
import type { DenseForm } from '../../weightForm';

/** Twin of halfVector.wgsl, halfTile.wgsl and unpackHalves.wgsl: float16 has no value that float32 has not. */
export function dense({ values }: DenseForm): Float64Array {
  return Float64Array.from(values instanceof Uint16Array ? halvesToFloats(values) : values);
}
