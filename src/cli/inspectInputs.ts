import { outliersOf } from '../engine/calibration/outliers';
import { layersOf } from '../engine/model/layers';
import type { Model } from '../engine/model/model';
import { scopeOf } from '../engine/model/scopes';
import { openCalibration } from './openData';
import { type OpeningWatch, watchedRuntime } from './supervised';
import { progressBar } from './terminal';

/** The outliers of a layer's input, or why none are known. */
export type Outliers = ReturnType<typeof outliersOf> | string;

/** Of each compressible layer's input, by the layer's id; or why there are none. */
export async function outliersIn(
  model: Model,
  path: string,
  watch: OpeningWatch,
  signal: AbortSignal,
): Promise<Map<string, Outliers>> {
  const calibration = await watch.during(`Opening ${path}`, () =>
    openCalibration(model, path, watchedRuntime(watch), signal),
  );
  const main = scopeOf(model);
  const layers = layersOf(main).filter(({ compressible }) => compressible);
  const bar = progressBar();
  try {
    await calibration.collect(model, main, layers, { signal, onProgress: bar.show });
  } finally {
    bar.clear();
  }
  return new Map(
    layers.map((layer) => {
      const statistics = calibration.statisticsOf(layer);
      return [layer.id, typeof statistics === 'string' ? statistics : outliersOf(statistics, layer.shape[1]!)];
    }),
  );
}
