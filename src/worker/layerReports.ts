import { whyUnseen } from '../engine/calibration/consumers';
import { inspect } from '../engine/model/inspect';
import { type Layer, layersOf } from '../engine/model/layers';
import type { Model } from '../engine/model/model';
import type { ModelReport } from '../engine/model/report';
import { scopeOf } from '../engine/model/scopes';

/** What the page is told of a model, with what its plans need to know of each layer's input; and the layers, by id. */
export function reportOf(model: Model): { report: ModelReport; layers: ReadonlyMap<string, Layer> } {
  const main = scopeOf(model);
  const layers = new Map(layersOf(main).map((layer) => [layer.id, layer]));
  const report = inspect(model);
  const told = report.layers.map((one) => {
    const layer = layers.get(one.id);
    const noInput = layer?.compressible ? whyUnseen(layer, main) : undefined;
    return { ...one, ...(noInput !== undefined && { noInput }) };
  });
  return { report: { ...report, layers: told }, layers };
}
