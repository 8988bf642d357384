import { afterAll, expect, it } from 'vitest';
import type { Operator } from '../../operators/operator';
import { fromGram } from '../../operators/statistics';
import { tensorTrain } from './tensorTrain';
import { backend, context, distance, leafOf, made, random } from './tensorTrain.fixtures';

afterAll(() => backend.dispose());

it('whitened, errs less where inputs differ in size', async () => {
  const shape = [48, 60];
  const leaf = leafOf(shape, random(shape));
  const gram = new Float64Array(60 * 60);
  for (let i = 0; i < 60; i++) gram[i * 61] = 100 * 0.8 ** i;
  const input = fromGram(gram, 60, 100);
  const output = async (operator: Operator) => {
    const [w, now] = [await leaf.toDense(), await operator.toDense()];
    const scaleOf = (values: Float32Array) => values.map((value, at) => value * Math.sqrt(gram[(at % 60) * 61]!));
    return distance(scaleOf(now), scaleOf(w));
  };
  const plain = await made(leaf, { size: 0.5 }, { input });
  const options = { size: 0.5, whiten: 'diagonal' } as const;
  const whitened = await made(leaf, options, { input });
  expect(whitened.operator.bytes).toBeLessThanOrEqual(0.5 * leaf.bytes);
  expect(await output(whitened.operator)).toBeLessThan(0.8 * (await output(plain.operator)));
  expect(tensorTrain.needsData!(options)).toBe(true);
  expect(await tensorTrain.apply(leaf, options, context)).toEqual({
    skipped: "whitening needs statistics of the layer's input, and no calibration data was given",
  });
});

it('whitened kernels have a scale for each channel', async () => {
  const shape = [16, 8, 3, 3];
  const leaf = leafOf(shape, random(shape));
  const gram = new Float64Array(72 * 72);
  for (let i = 0; i < 72; i++) gram[i * 73] = Math.floor(i / 9) === 2 ? 1e4 : 1;
  const input = fromGram(gram, 72, 1);
  const { operator } = await made(leaf, { size: 0.5, whiten: 'diagonal' }, { input });
  const [now, w] = [await operator.toDense(), await leaf.toDense()];
  const channel = (values: Float32Array, of: number) => values.filter((_, at) => Math.floor(at / 9) % 8 === of);
  expect(distance(channel(now, 2), channel(w, 2))).toBeLessThan(0.3 * distance(channel(now, 5), channel(w, 5)));
});
