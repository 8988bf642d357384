import { whyUnseen } from '../calibration/consumers';
import { inspect } from '../model/inspect';
import { type Layer, layersOf } from '../model/layers';
import type { Model } from '../model/model';
import type { ModelReport } from '../model/report';
import { scopeOf } from '../model/scopes';

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
