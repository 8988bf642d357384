import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type NodeProto, StringStringEntryProtoSchema, type TensorProto } from 'onnx-buf';
import { DataType, modelProto, tensor, value } from '../../src/engine/model/onnx/build';

/** A tensor that training changes. */
export interface Parameter {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

/** A network's forward graph, written once: training and the exported model both use these nodes. */
export interface Network {
  readonly name: string;
  /** In topological order. */
  readonly nodes: readonly NodeProto[];
  readonly parameters: readonly Parameter[];
  /** Initializers that training leaves alone. */
  readonly constants: readonly TensorProto[];
  readonly input: { readonly name: string; readonly dims: readonly number[] };
  readonly output: { readonly name: string; readonly classes: number };
}

export const countParameters = ({ parameters }: Network): number =>
  parameters.reduce((sum, { values }) => sum + values.length, 0);

/** The inference model as a file: the parameters are initializers, the batch is the symbolic dimension "n". */
export function networkBytes(
  network: Network,
  description: string,
  metadata: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const { name, nodes, parameters, constants, input, output } = network;
  const model = modelProto({
    name,
    nodes,
    inputs: [value(input.name, DataType.FLOAT, ['n', ...input.dims])],
    outputs: [value(output.name, DataType.FLOAT, ['n', output.classes])],
    initializers: [...constants, ...parameters.map(({ name, dims, values }) => tensor(name, dims, values))],
  });
  model.docString = description;
  model.metadataProps = Object.entries(metadata).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  return toBinary(ModelProtoSchema, model);
}
