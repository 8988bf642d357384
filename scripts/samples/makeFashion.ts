import { UserError } from '../../src/engine/core/errors';
import { seeded } from '../../src/engine/core/random';
import { writeNpz } from '../../src/engine/formats/npz/npz';
import { accuracy } from './accuracy';
import type { SampleEntry } from './entry';
import { FASHION_CLASSES, greyStatistics, readFashion, slice } from './fashionData';
import { fashionNetwork } from './fashionNetwork';
import { fashionReadme, percent } from './fashionReadme';
import { countParameters, networkBytes } from './network';
import { permutation } from './permutation';
import { type Pictures, train } from './train';

/** How the sample is trained. Chosen on 5,000 training pictures held back, then run on all 60,000. */
export const FASHION_TRAINING = { seed: 1, epochs: 5, batch: 128, rate: 0.0015, weightDecay: 0.3, threads: 2 } as const;

const TEST_SAMPLES = 2000;
const CALIBRATION_SAMPLES = 256;
const LEAST_ACCURACY = 0.9;

/**
 * Trains the Fashion-MNIST classifier from the idx files in `folder` and returns its files by name and its entry in
 * the list of samples. Throws where the trained model misses 90 % of the test set, so that no weak sample is shipped.
 */
export async function makeFashion(
  folder: string,
  log: (line: string) => void,
): Promise<{ entry: SampleEntry; files: Record<string, string | Uint8Array> }> {
  const data = readFashion(folder);
  const { mean, deviation } = greyStatistics(data.train);
  const { seed, ...options } = FASHION_TRAINING;
  const source = seeded(seed);
  const started = performance.now();
  const seconds = () => ((performance.now() - started) / 1000).toFixed(0);

  const trained = await train(fashionNetwork(mean, deviation, source), data.train, {
    ...options,
    source,
    onEpoch: (epoch, loss) =>
      log(`Epoch ${epoch} of ${options.epochs}: training loss ${loss.toFixed(4)}, ${seconds()} s`),
  });
  const model = networkBytes(trained, 'Classifies 28 × 28 pictures of clothes in ten classes.', {
    input: 'image: grey values 0…255, white on black',
    classes: FASHION_CLASSES.join(', '),
    licence: 'MIT',
  });

  const test = slice(data.test, 0, TEST_SAMPLES);
  const all = await accuracy(model, data.test, options.threads);
  const bundled = await accuracy(model, test, options.threads);
  log(
    `Top-1: ${percent(all)} of all ${data.test.labels.length} test pictures, ${percent(bundled)} of the bundled ones`,
  );
  if (all < LEAST_ACCURACY) {
    throw new UserError(
      `The model reached ${percent(all)}, less than ${percent(LEAST_ACCURACY)}; train it for longer.`,
    );
  }

  const entry: SampleEntry = {
    id: 'fashion-mnist',
    name: 'Fashion-MNIST classifier',
    description: `Convolutions and large dense layers that tell ten kinds of clothes apart; ${TEST_SAMPLES.toLocaleString('en')} labelled pictures.`,
    model: 'fashion-mnist/model.onnx',
    data: 'fashion-mnist/test.npz',
    calibration: 'fashion-mnist/calibration.npz',
    bytes: model.length,
    parameters: countParameters(trained),
    licence: 'MIT; pictures © Zalando SE, MIT',
  };
  return {
    entry,
    files: {
      'model.onnx': model,
      'test.npz': writeNpz([
        ['image', pictures(test)],
        ['labels', { type: 'int64', dims: [TEST_SAMPLES], data: BigInt64Array.from(test.labels, BigInt) }],
      ]),
      'calibration.npz': writeNpz([['image', pictures(draw(data.train, CALIBRATION_SAMPLES, seed))]]),
      'README.md': fashionReadme({
        ...FASHION_TRAINING,
        parameters: entry.parameters,
        bytes: model.length,
        all,
        bundled,
      }),
    },
  };
}

const pictures = ({ images, labels, height, width }: Pictures) =>
  ({ type: 'uint8', dims: [labels.length, 1, height, width], data: images }) as const;

/** `count` different pictures, drawn at random. */
function draw(data: Pictures, count: number, seed: number): Pictures {
  const size = data.height * data.width;
  const picked = permutation(data.labels.length, seeded(seed)).subarray(0, count);
  const images = new Uint8Array(count * size);
  picked.forEach((sample, row) => {
    images.set(data.images.subarray(sample * size, (sample + 1) * size), row * size);
  });
  return { ...data, images, labels: Uint8Array.from(picked, (sample) => data.labels[sample]) };
}
