import { create, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';

/** A short way to write ONNX graphs by hand: for rewriting layers, for training steps, for tests. */

export type AttributeValue = number | string | readonly number[] | readonly string[] | TensorProto | GraphProto | Float;

/** Marks a number as an ONNX float where a plain number would be read as an int (`alpha: float(1)`). */
export interface Float {
  readonly float: number | readonly number[];
}
export const float = (value: number | readonly number[]): Float => ({ float: value });

/**
 * A node. `inputs` and `outputs` are value names ('' leaves an optional input out). A plain number attribute is an int;
 * wrap floats with `float`.
 */
export function node(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  extra: { name?: string; domain?: string } = {},
): NodeProto {
  return create(NodeProtoSchema, {
    opType: op,
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    ...extra,
  });
}

export function attribute(name: string, value: AttributeValue): AttributeProto {
  const made = create(AttributeProtoSchema, { name });
  if (typeof value === 'number') {
    made.type = AttributeType.INT;
    made.i = BigInt(value);
  } else if (typeof value === 'string') {
    made.type = AttributeType.STRING;
    made.s = new TextEncoder().encode(value);
  } else if ('float' in value) {
    if (typeof value.float === 'number') {
      made.type = AttributeType.FLOAT;
      made.f = value.float;
    } else {
      made.type = AttributeType.FLOATS;
      made.floats = [...value.float];
    }
  } else if ('$typeName' in value) {
    if (value.$typeName === 'onnx.TensorProto') {
      made.type = AttributeType.TENSOR;
      made.t = value;
    } else {
      made.type = AttributeType.GRAPH;
      made.g = value;
    }
  } else if (value.every((entry) => typeof entry === 'string')) {
    made.type = AttributeType.STRINGS;
    made.strings = value.map((entry) => new TextEncoder().encode(entry));
  } else {
    made.type = AttributeType.INTS;
    made.ints = (value as readonly number[]).map(BigInt);
  }
  return made;
}

type TensorValues = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | Int8Array | Uint16Array;

const TYPE_OF = new Map<unknown, DataType>([
  [Float32Array, DataType.FLOAT],
  [Float64Array, DataType.DOUBLE],
  [Int32Array, DataType.INT32],
  [BigInt64Array, DataType.INT64],
  [Uint8Array, DataType.UINT8],
  [Int8Array, DataType.INT8],
]);

/**
 * A tensor with its bytes inside. Pass `dataType` where the array alone does not tell (float16 bits in a Uint16Array).
 */
export function tensor(name: string, dims: readonly number[], values: TensorValues, dataType?: DataType): TensorProto {
  const bytes = new Uint8Array(values.byteLength);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: dataType ?? TYPE_OF.get(values.constructor) ?? DataType.UINT16,
    rawData: bytes,
  });
}

export const int64 = (
  name: string,
  values: readonly number[],
  dims: readonly number[] = [values.length],
): TensorProto => tensor(name, dims, BigInt64Array.from(values, BigInt));

export const scalar = (name: string, value: number): TensorProto => tensor(name, [], Float32Array.of(value));

/** A graph input or output. Strings in `shape` are symbolic dimensions; no `shape` means any rank. */
export function value(name: string, type: DataType, shape?: readonly (number | string)[]): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType: type,
          ...(shape && {
            shape: {
              dim: shape.map((size) => ({
                value:
                  typeof size === 'number'
                    ? { case: 'dimValue' as const, value: BigInt(size) }
                    : { case: 'dimParam' as const, value: size },
              })),
            },
          }),
        },
      },
    },
  });
}

export interface GraphParts {
  readonly name?: string;
  readonly nodes: readonly NodeProto[];
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  readonly initializers?: readonly TensorProto[];
}

export function graph({ name = 'graph', nodes, inputs, outputs, initializers = [] }: GraphParts): GraphProto {
  return create(GraphProtoSchema, {
    name,
    node: [...nodes],
    input: [...inputs],
    output: [...outputs],
    initializer: [...initializers],
  });
}

// The newest IR version that a runtime knowing the opset must know too; onnxruntime refuses newer ones than its own.
const irVersionOf = (opset: number): bigint =>
  opset <= 8 ? 3n : opset <= 9 ? 4n : opset <= 11 ? 6n : opset <= 14 ? 7n : opset <= 18 ? 8n : opset <= 20 ? 9n : 10n;

/** A whole model. `domains` adds operator sets beside the standard one: `{ 'com.microsoft': 1 }`. */
export function modelProto(
  parts: GraphParts & { opset?: number; domains?: Readonly<Record<string, number>> },
): ModelProto {
  const { opset = 17, domains = {} } = parts;
  return create(ModelProtoSchema, {
    irVersion: irVersionOf(opset),
    producerName: 'carrara',
    opsetImport: [
      { domain: '', version: BigInt(opset) },
      ...Object.entries(domains).map(([domain, version]) => ({ domain, version: BigInt(version) })),
    ],
    graph: graph(parts),
  });
}

export const modelBytes = (parts: Parameters<typeof modelProto>[0]): Uint8Array<ArrayBuffer> =>
  toBinary(ModelProtoSchema, modelProto(parts));

export { DataType };
