import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { memorySource } from '../../src/engine/core/bytes';
import { readNpz } from '../../src/engine/formats/npz/npz';
import { readModel } from '../../src/engine/model/model';
import { countParameters } from '../../src/engine/model/parameters';
import { accuracy } from './accuracy';
import type { SampleEntry } from './entry';
import { FASHION_LAYERS } from './fashionNetwork';

const FOLDER = fileURLToPath(new URL('../../public/samples/', import.meta.url));
const read = (path: string) => new Uint8Array(readFileSync(join(FOLDER, path)));
const entries: SampleEntry[] = JSON.parse(readFileSync(join(FOLDER, 'samples.json'), 'utf8'));
const fashion = entries.find(({ id }) => id === 'fashion-mnist')!;

test('all samples together are under 12 MB', () => {
  const files = readdirSync(FOLDER, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  expect(bytes).toBeLessThan(12e6);
});

describe.each(entries)('$id', ({ model, data, calibration, bytes, parameters }) => {
  test('is what the list says', async () => {
    const file = read(model);
    expect(file.length).toBe(bytes);
    const counted = countParameters(await readModel(memorySource(file, model)));
    // The two constants that scale the classifier's input are not trained.
    expect(counted - parameters).toBeOneOf([0, 2]);
  });

  test('has labelled data and unlabelled calibration data for its input', () => {
    const input = fromBinary(ModelProtoSchema, read(model)).graph!.input[0].name;
    expect([...readNpz(read(data), data).keys()]).toEqual([input, 'labels']);
    expect([...readNpz(read(calibration), calibration).keys()]).toEqual([input]);
  });
});

describe('fashion-mnist', () => {
  const graph = fromBinary(ModelProtoSchema, read(fashion.model)).graph!;

  test('has at least a million parameters', () => {
    expect(fashion.parameters).toBeGreaterThanOrEqual(1e6);
  });

  test('has the layers that its README lists', () => {
    const layers = FASHION_LAYERS.map(({ node, weight }) => ({ node, weight }));
    const actual = graph.node
      .filter(({ opType }) => ['Conv', 'Gemm', 'MatMul'].includes(opType))
      .map(({ name, input }) => ({
        node: name,
        weight: graph.initializer.find((candidate) => candidate.name === input[1])!.dims.map(Number),
      }));
    expect(actual).toEqual(layers);
  });

  test('puts at least 90 % of its test pictures in the right class', async () => {
    const arrays = readNpz(read(fashion.data), fashion.data);
    const { dims, data: images } = arrays.get('image')!;
    const labels = arrays.get('labels')!;
    expect(dims).toEqual([2000, 1, 28, 28]);
    expect([labels.type, labels.dims]).toEqual(['int64', [2000]]);
    const pictures = {
      images: images as Uint8Array,
      labels: Uint8Array.from(labels.data as BigInt64Array, Number),
      height: dims[2],
      width: dims[3],
    };
    expect(await accuracy(read(fashion.model), pictures, 2)).toBeGreaterThanOrEqual(0.9);
  });
});
