import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { memorySource } from '../core/bytes';
import { writeNpz } from '../formats/npz/npz';
import { readModel } from '../model/model';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { OpenData } from './openData';

/** y [n, 3] = x [n, 2] · w. */
const model = await readModel(
  memorySource(
    modelBytes({
      nodes: [node('MatMul', ['x', 'w'], ['y'], {}, { name: 'fc' })],
      inputs: [value('x', DataType.FLOAT, ['n', 2])],
      outputs: [value('y', DataType.FLOAT, ['n', 3])],
      initializers: [tensor('w', [2, 3], new Float32Array(6))],
    }),
    'model.onnx',
  ),
);

/** A file with so many samples, all of the value `fill`. */
function file(name: string, samples: number, { labels = false, fill = 0 } = {}): File {
  const x = { type: 'float32' as const, dims: [samples, 2], data: new Float32Array(2 * samples).fill(fill) };
  const classes = { type: 'int64' as const, dims: [samples], data: new BigInt64Array(samples) };
  return new File([writeNpz([['x', x], ...(labels ? [['labels', classes] as const] : [])]) as BlobPart], name);
}

async function opened(...files: readonly File[]): Promise<OpenData> {
  const data = new OpenData(model, nodeRuntime());
  for (const each of files) await data.add(each);
  return data;
}

const labelled = () => file('test.npz', 20, { labels: true });
const unlabelled = () => file('calibration.npz', 12);

describe('labelled data and data without labels', () => {
  it.each([
    ['labelled data first', [labelled(), unlabelled()]],
    ['labelled data last', [unlabelled(), labelled()]],
  ])('evaluates on the labelled data and calibrates on the other, %s', async (_, files) => {
    const data = await opened(...files);
    expect(data.dataset).toMatchObject({ name: 'test.npz', samples: 20 });
    expect(data.dataset.labels).toBeDefined();
    expect(data.report()).toMatchObject({ name: 'test.npz', calibration: { name: 'calibration.npz', samples: 12 } });
    const share = (await data.share())!;
    expect(share.calibration.dataset).toMatchObject({ name: 'calibration.npz', samples: 12 });
    expect(share.of).toBe(data.dataset);
  });

  it.each([
    ['labelled data', labelled(), 20],
    ['data without labels', unlabelled(), 12],
  ])('evaluates and calibrates on %s where it is alone', async (_, only, samples) => {
    const data = await opened(only);
    expect(data.dataset).toMatchObject({ name: only.name, samples });
    expect(data.report()).not.toHaveProperty('calibration');
    const { calibration } = (await data.share())!;
    // A quarter of it.
    expect(calibration.dataset).toMatchObject({ samples: samples / 4, of: samples });
  });

  it('a file replaces data of its kind, and only that', async () => {
    const data = await opened(labelled(), unlabelled(), file('other.npz', 8));
    expect(data.report()).toMatchObject({ name: 'test.npz', calibration: { name: 'other.npz', samples: 8 } });
    const before = await data.share();
    expect(await data.share()).toBe(before);
    await data.add(file('newer.npz', 30, { labels: true }));
    expect(data.report()).toMatchObject({ name: 'newer.npz', calibration: { name: 'other.npz' } });
    expect(await data.share()).not.toBe(before);
  });
});

it.each([
  ['with labels', labelled()],
  ['without labels', unlabelled()],
])('data %s that are given for calibration only are all calibrated on', async (_, only) => {
  const data = new OpenData(model, nodeRuntime());
  expect(data.isForCalibration).toBe(false);
  await data.add(only, 'calibration');
  expect(data.isForCalibration).toBe(true);
  const { calibration } = (await data.share())!;
  expect(calibration.dataset).toBe(data.given);
});

it('shapes that do not fit the model are refused before any work begins', () => {
  const open = () => new OpenData(model, nodeRuntime(), { shapes: { x: [1, 3] } });
  expect(open).toThrow(/"x"/);
});

it('without data, inputs are generated, and nothing is calibrated on them', async () => {
  const data = await opened(labelled(), unlabelled());
  data.clear();
  expect(data.given).toBeUndefined();
  expect(data.dataset.generated).toBe(true);
  expect(await data.share()).toBeUndefined();
});

it('a limited evaluation uses the same samples each time', async () => {
  const data = await opened(labelled());
  const some = data.some(data.dataset, 5);
  expect(some.samples).toBe(5);
  expect(data.some(data.dataset, 5)).toBe(some);
  expect(data.some(data.dataset, 100)).toBe(data.dataset);
});
