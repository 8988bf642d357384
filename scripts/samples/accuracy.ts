import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Pictures } from './train';

const BATCH = 500;

/**
 * Share (0…1) of `data` that the model file `bytes` puts in the right class, run as any user of the file would:
 * its first input gets raw grey values [n, 1, height, width], its first output holds the logits [n, classes].
 */
export async function accuracy(bytes: Uint8Array, data: Pictures, threads: number): Promise<number> {
  const { images, labels, height, width } = data;
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: threads });
  const size = height * width;
  let right = 0;
  for (let start = 0; start < labels.length; start += BATCH) {
    const end = Math.min(start + BATCH, labels.length);
    const pixels = Float32Array.from(images.subarray(start * size, end * size));
    const input = new Tensor('float32', pixels, [end - start, 1, height, width]);
    const logits = (await session.run({ [session.inputNames[0]]: input }))[session.outputNames[0]];
    const classes = logits.dims[1];
    const values = logits.data as Float32Array;
    for (let row = 0; row < end - start; row++) {
      const scores = values.subarray(row * classes, (row + 1) * classes);
      if (scores.indexOf(Math.max(...scores)) === labels[start + row]) right++;
    }
  }
  await session.release();
  return right / labels.length;
}
