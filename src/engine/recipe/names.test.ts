import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, StringStringEntryProtoSchema } from 'onnx-buf';
import { expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { memorySource } from '../core/bytes';
import { seeded } from '../core/random';
import { createCpuBackend } from '../cpu/backend';
import { batches } from '../evaluation/dataset';
import { Fidelity } from '../evaluation/fidelity';
import { generateDataset } from '../evaluation/generate';
import { openDataset } from '../evaluation/openDataset';
import { readNpz, writeNpz } from '../formats/npz/npz';
import { Factorisations } from '../methods/factorisations';
import { gaussian } from '../model/fixtures';
import { inputSpecs, inspect } from '../model/inspect';
import { readModel } from '../model/model';
import { DataType, modelProto, node, tensor, value } from '../model/onnx/build';
import { bytesOfFile, sessionModelOf } from '../model/write';
import { compress } from './compress';
import { checkRecipe } from './schema';

/** Properties that every JavaScript object has. */
const NAMES = ['constructor', '__proto__', 'toString', 'valueOf', 'hasOwnProperty'];

it('keeps names that objects have anyway: of inputs, outputs, layers, weights, arrays and metadata', async () => {
  const random = seeded(9);
  const proto = modelProto({
    inputs: NAMES.map((name) => value(name, DataType.FLOAT, ['n', 24])),
    // ONNX Runtime's own JavaScript has no outputs called __proto__.
    outputs: NAMES.map((name) => value(name === '__proto__' ? '__proto' : `${name}s`, DataType.FLOAT, ['n', 40])),
    nodes: NAMES.map((name) =>
      node('MatMul', [name, `${name}.w`], [name === '__proto__' ? '__proto' : `${name}s`], {}, { name }),
    ),
    initializers: NAMES.map((name) => tensor(`${name}.w`, [24, 40], gaussian(random, [24, 40]))),
  });
  for (const key of [...NAMES, 'author'])
    proto.metadataProps.push(create(StringStringEntryProtoSchema, { key, value: `value of ${key}` }));
  const model = await readModel(memorySource(toBinary(ModelProtoSchema, proto), 'model.onnx'));
  expect(inspect(model).layers.map(({ name }) => name)).toEqual(NAMES);

  const runtime = nodeRuntime();
  const steps = NAMES.map((layers) => ({ layers, method: 'quantize', options: { bits: 8 } }));
  const compressed = await compress(model, checkRecipe({ version: 1, steps }), {
    factorisations: new Factorisations(createCpuBackend(runtime)),
  });
  expect(compressed.report.layers.map(({ name }) => name)).toEqual(NAMES);
  const read = await readModel(memorySource(await bytesOfFile(compressed.files[0]!), 'small.onnx'));
  const metadata = new Map(read.proto.metadataProps.map(({ key, value }) => [key, value]));
  for (const key of [...NAMES, 'author']) expect(metadata.get(key)).toBe(`value of ${key}`);
  // Compressed before, each is known by its own name.
  expect(inspect(read).layers.map(({ name, stored }) => [name, stored !== undefined])).toEqual(
    NAMES.map((name) => [name, true]),
  );

  const made = generateDataset(inputSpecs(model), { samples: 4 });
  const arrays = made.fields.map(({ input, array }) => [input.name, array] as const);
  const dataset = openDataset(readNpz(writeNpz(arrays), 'data.npz'), inputSpecs(model), 'data.npz');
  const fidelity = new Fidelity();
  for (const batch of batches(dataset, 4)) {
    const outputs = [];
    for (const one of [model, read]) {
      const session = await runtime.open(await sessionModelOf(one, true), 'cpu');
      outputs.push(await session.run(batch.feeds));
      await session.release();
    }
    expect(Object.keys(outputs[1]!)).toEqual(proto.graph!.output.map(({ name }) => name));
    fidelity.add(outputs[0]!, outputs[1]!, batch);
  }
  // Eight bits in groups of 32 are good to half a percent.
  expect(fidelity.report().cosine).toBeGreaterThan(0.9999);
});
