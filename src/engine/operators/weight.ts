import { transpose } from '../linalg/transpose';
import type { Layer } from '../model/layers';
import { type Model, readFloats } from '../model/model';
import { dense } from './dense/dense';
import type { Dense, FloatType } from './operator';

/**
 * A layer's weight as an operator, [out, in]. It is read from the model each time it is needed. Caches use the layer's
 * id as its key where it is `known`: the weight is then what the opened model holds under that id.
 */
export function weightOf(model: Model, layer: Layer, known = true): Dense {
  return dense(
    layer.shape,
    layer.dtype as FloatType,
    async () => {
      const values = await readFloats(model, layer.tensor);
      return layer.stored === 'transposed' ? transpose(values, layer.shape[1]!, layer.shape[0]!) : values;
    },
    known ? layer.id : undefined,
  );
}
