import { outliersOf } from '../calibration/outliers';
import type { LongCall } from '../core/progress';
import { layersIn } from '../model/layers';
import type { OpenedModel } from './openedModel';

/** The outlier channels of a layer's input, or why none are known. */
export type Outliers = ReturnType<typeof outliersOf> | string;

/** Of each compressible layer's input, by the layer's id. */
export async function outliersIn({ model, data }: OpenedModel, call: LongCall): Promise<Map<string, Outliers>> {
  const share = await data.share();
  if (!share) return new Map();
  const { main, layers } = layersIn(model);
  const compressible = layers.filter((layer) => layer.compressible);
  await share.calibration.collect(model, main, compressible, call);
  return new Map(
    compressible.map((layer) => {
      const statistics = share.calibration.statisticsOf(layer);
      return [layer.id, typeof statistics === 'string' ? statistics : outliersOf(statistics, layer.shape[1]!)];
    }),
  );
}
