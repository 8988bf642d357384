import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type NodeProto, type TensorProto, TensorProtoSchema } from 'onnx-buf';
import { expect } from 'vitest';
import { type ByteSource, memorySource } from '../core/bytes';
import { among, readModel } from './model';
import { DataType, modelProto, node, tensor, value } from './onnx/build';
import { concat, Parts } from './onnx/parts';

const { FLOAT } = DataType;

export const read = (bytes: Uint8Array, ...beside: ByteSource[]) =>
  readModel(memorySource(bytes, 'model.onnx'), among(beside));

export const bytesOf = (proto: ReturnType<typeof modelProto>) => toBinary(ModelProtoSchema, proto);

export const tensorOf = (fields: Partial<Omit<TensorProto, '$typeName' | '$unknown'>>) =>
  create(TensorProtoSchema, fields);

export const external = (name: string, location: string, more: Readonly<Record<string, string>> = {}): TensorProto =>
  tensorOf({
    name,
    dims: [4n],
    dataType: FLOAT,
    dataLocation: 1,
    externalData: Object.entries({ location, ...more }).map(([key, value]) => ({
      $typeName: 'onnx.StringStringEntryProto',
      key,
      value,
    })),
  });

/** A model that gives one stored tensor out; `nodes` stand beside. */
export const holding = (held: TensorProto, nodes: NodeProto[] = []) =>
  modelProto({
    inputs: [],
    outputs: [value('y', held.dataType)],
    nodes: [node('Identity', [held.name], ['y']), ...nodes],
    initializers: [held],
  });

export const sound = () => tensor('w', [2], Float32Array.of(1, 2));

export async function refusal(step: () => Promise<unknown>): Promise<string> {
  const outcome = await step().then(
    () => 'accepted',
    (error: Error) => (error.name === 'UserError' ? error.message : `${error.name}: ${error.message}`),
  );
  expect(outcome).not.toContain('\n');
  return outcome;
}

/** A length-delimited field. */
export function wrapped(field: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const [outer, inner] = [new Parts(), new Parts()];
  inner.add(content);
  outer.addField(field, inner);
  return concat(outer);
}
