import { fromBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type SparseTensorProto,
  type TensorProto,
} from 'onnx-buf';
import type { ByteSource } from '../core/bytes';
import { messageOf, UserError } from '../core/errors';
import { formatOfSource } from '../formats/formats';
import { checkGraphs } from './checkGraphs';
import { connect, type FindFile } from './connect';
import { isInFile, readStructure, SELF, type Structure, tooDeep } from './onnx/structure';
import { decodeFloats, type ExternalBytes, externalOf, inlineBytes } from './tensors';

/**
 * An ONNX model. Its structure is in memory; its weights stay in their files. It is immutable: compressing makes a new
 * Model, which shares every unchanged node, tensor and source with the old one.
 */
export interface Model {
  /** File name, "recogniser.onnx". */
  readonly name: string;
  readonly proto: ModelProto;
  readonly graph: GraphProto;
  /** Sources of external payloads by location; `SELF` is the model's own file. */
  readonly sources: ReadonlyMap<string, ByteSource>;
}

/**
 * Opens a model from its file. `find` returns the data files that the model refers to. Only the structure is read.
 * Throws a UserError that names the file and what is wrong with it.
 */
export async function readModel(file: ByteSource, find: FindFile = () => undefined): Promise<Model> {
  if (file.size === 0) throw new UserError(`${file.name} is empty (0 bytes): choose an .onnx file with a model in it.`);
  const { proto, structure } = await readProto(file);
  checkGraphs(proto, file.name);
  return {
    name: file.name,
    proto,
    graph: proto.graph!,
    sources: await connect(tensorsOf(proto), file, structure, find),
  };
}

async function readProto(file: ByteSource): Promise<{ readonly proto: ModelProto; readonly structure: Structure }> {
  try {
    const structure = await readStructure(file);
    const proto = decode(structure.bytes, file.name);
    if (!proto.graph || proto.graph.node.length + proto.graph.output.length === 0) {
      throw new UserError(`${file.name} is a protobuf file, but not an ONNX model: it has no graph.`);
    }
    if (proto.opsetImport.length === 0) {
      throw new UserError(`${file.name} is not a complete ONNX model: it names no operator set (opset_import).`);
    }
    return { proto, structure };
  } catch (error) {
    const format = error instanceof UserError ? await formatOfSource(file) : undefined;
    if (!format || format.gives === 'model') throw error;
    throw new UserError(`${file.name} is ${format.what}, not an ONNX model: ${format.instead}.`);
  }
}

function decode(bytes: Uint8Array, name: string): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    if (/recursion depth/.test(messageOf(error))) throw tooDeep(name);
    throw new UserError(`${name} is damaged: a message inside it does not parse; copy or download it again.`);
  }
}

/** Every tensor of the model: initializers and attributes, in sub-graphs and functions too. */
export function* tensorsOf(proto: ModelProto): Generator<TensorProto> {
  if (proto.graph) yield* graphTensors(proto.graph);
  for (const { initialization, algorithm } of proto.trainingInfo) {
    if (initialization) yield* graphTensors(initialization);
    if (algorithm) yield* graphTensors(algorithm);
  }
  for (const fn of proto.functions) {
    yield* nodeTensors(fn.node);
    yield* attributeTensors(fn.attributeProto);
  }
}

function* graphTensors(graph: GraphProto): Generator<TensorProto> {
  yield* graph.initializer;
  for (const sparse of graph.sparseInitializer) yield* sparseTensorsOf(sparse);
  yield* nodeTensors(graph.node);
}

function* nodeTensors(nodes: GraphProto['node']): Generator<TensorProto> {
  for (const { attribute } of nodes) yield* attributeTensors(attribute);
}

function* attributeTensors(attributes: readonly AttributeProto[]): Generator<TensorProto> {
  for (const { t, tensors, g, graphs, sparseTensor, sparseTensors } of attributes) {
    if (t) yield t;
    yield* tensors;
    if (g) yield* graphTensors(g);
    for (const graph of graphs) yield* graphTensors(graph);
    if (sparseTensor) yield* sparseTensorsOf(sparseTensor);
    for (const sparse of sparseTensors) yield* sparseTensorsOf(sparse);
  }
}

function* sparseTensorsOf({ values, indices }: SparseTensorProto): Generator<TensorProto> {
  if (values) yield values;
  if (indices) yield indices;
}

export { among, type FindFile } from './connect';

/** The payload of a tensor, read from where it is. */
export async function readBytes(model: Model, tensor: TensorProto): Promise<Uint8Array<ArrayBuffer>> {
  const external = externalOf(tensor);
  return external ? readExternal(model, external) : inlineBytes(tensor);
}

/** Bytes of one of the model's sources. Throws a UserError that names it where they can't be read. */
export async function readExternal(
  { sources }: Pick<Model, 'sources'>,
  { location, offset, length }: ExternalBytes,
): Promise<Uint8Array<ArrayBuffer>> {
  const source = sources.get(location);
  if (!source) throw new Error(`No source is called ${location}.`);
  try {
    return await source.read(offset, length);
  } catch (error) {
    throw cannotRead(source, length, error);
  }
}

/** A sentence for `length` bytes of a source that could not be read. */
export function cannotRead({ name }: ByteSource, length: number, error: unknown): UserError {
  // "Array buffer allocation failed", "Invalid typed array length: 9000000000"
  if (error instanceof RangeError && /alloca|array length/i.test(error.message)) {
    return new UserError(
      `${name} holds a weight of ${(length / 1e9).toFixed(1)} GB, more than there is memory for: leave its layer out of the recipe.`,
    );
  }
  // A dropped File that was changed or deleted on disk can no longer be read.
  return new UserError(`${name} can no longer be read (${messageOf(error)}): open the model again.`);
}

/** A float32 or float16 tensor as float32. Throws a UserError that names it where a value is NaN or infinite. */
export async function readFloats(model: Model, tensor: TensorProto): Promise<Float32Array<ArrayBuffer>> {
  return decodeFloats(await readBytes(model, tensor), tensor.dataType, tensor.name);
}

/** Bytes of the model as it is stored: its file and the parts of other files that it refers to. */
export function storedBytes(model: Model): number {
  let bytes = model.sources.get(SELF)?.size ?? 0;
  for (const tensor of tensorsOf(model.proto)) {
    const external = externalOf(tensor);
    if (external && !isInFile(external.location)) bytes += external.length;
  }
  return bytes;
}

/** The version of the standard operator set. */
export function opsetOf({ proto }: Pick<Model, 'proto'>): number {
  const standard = proto.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  return Number(standard?.version ?? 0n);
}
