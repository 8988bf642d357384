import type { Backend } from '../backend/backend';
import { withRecovery } from '../backend/recovery';
import type { LongCall } from '../core/progress';
import { svd, truncate } from '../linalg/svd';
import type { Layer } from '../model/layers';
import type { Model } from '../model/model';
import { weightOf } from '../operators/weight';
import type { MatrixPicture, PictureFactors } from './engine';

const LARGEST = 512;

/** All terms of a picture's singular value decomposition; the page adds up as many as it shows. */
export function factorPicture(backend: Backend, picture: MatrixPicture, call: LongCall): Promise<PictureFactors> {
  const weight = { ...picture, values: Float32Array.from(picture.values) };
  const rank = Math.min(picture.rows, picture.columns);
  return withRecovery(backend, async () => {
    const factors = await svd(backend, weight, call);
    return { values: factors.values, ...(await truncate(backend, weight, factors, rank)) };
  });
}

/** The leading 512 × 512 entries, at most, of a layer's weight; a kernel's taps stand side by side. */
export async function weightPicture(model: Model, layer: Layer): Promise<MatrixPicture> {
  const [height, ...rest] = layer.shape as [number, ...number[]];
  const width = rest.reduce((product, size) => product * size, 1);
  const rows = Math.min(height, LARGEST);
  const columns = Math.min(width, LARGEST);
  const values = await weightOf(model, layer).toDense();
  const shown = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) shown.set(values.subarray(i * width, i * width + columns), i * columns);
  return { rows, columns, values: shown };
}
