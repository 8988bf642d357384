import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../src/engine/core/errors';
import { readIdx } from './idx';
import type { Pictures } from './train';

/** Where Debian's package dataset-fashion-mnist puts its files. */
export const FASHION_FOLDER = '/usr/share/datasets/fashion-mnist';

export const FASHION_CLASSES = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
] as const;

/** Fashion-MNIST: 60,000 pictures to learn from, 10,000 to be tested on, in ten classes. */
export function readFashion(folder: string): { train: Pictures; test: Pictures } {
  if (!existsSync(join(folder, 'train-images-idx3-ubyte.gz'))) {
    throw new UserError(
      `Fashion-MNIST is not in ${folder}: run "apt-get install dataset-fashion-mnist" on Debian or Ubuntu, or put the ` +
        'four .gz files of github.com/zalandoresearch/fashion-mnist in a folder and name it: npm run samples -- FOLDER',
    );
  }
  return { train: readPart(folder, 'train'), test: readPart(folder, 't10k') };
}

function readPart(folder: string, part: 'train' | 't10k'): Pictures {
  const path = join(folder, `${part}-images-idx3-ubyte.gz`);
  const { dims, data: images } = readIdx(path);
  const labels = readIdx(join(folder, `${part}-labels-idx1-ubyte.gz`)).data;
  const [count, height, width] = dims;
  if (dims.length !== 3 || count !== labels.length) {
    throw new UserError(`${path} holds [${dims}] but there are ${labels.length} labels; download both files again.`);
  }
  return { images, labels, height, width };
}

/** `count` pictures from `start` on. */
export function slice(data: Pictures, start: number, count: number): Pictures {
  const size = data.height * data.width;
  return {
    ...data,
    images: data.images.slice(start * size, (start + count) * size),
    labels: data.labels.slice(start, start + count),
  };
}

/** Mean and standard deviation of all grey values, in grey values (0…255). */
export function greyStatistics({ images }: Pictures): { mean: number; deviation: number } {
  let sum = 0;
  let squares = 0;
  for (const grey of images) {
    sum += grey;
    squares += grey * grey;
  }
  const mean = sum / images.length;
  return { mean, deviation: Math.sqrt(squares / images.length - mean * mean) };
}
