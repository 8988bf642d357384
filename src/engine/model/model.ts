import { fromBinary } from '@bufbuild/protobuf';
import { type GraphProto, type ModelProto, ModelProtoSchema, type TensorProto } from 'onnx-buf';
import { messageOf, UserError } from '../errors';
import type { ByteSource } from './bytes';
import { LARGE, readStructure, SELF } from './onnx/structure';
import { bytesOf, decodeFloats, externalOf, inlineBytes } from './tensors';

/**
 * An ONNX model: its structure in memory, its weights where they are. Immutable: compressing makes a new Model that
 * shares every untouched node, tensor and source with the old one.
 */
export interface Model {
  /** File name, "recogniser.onnx". */
  readonly name: string;
  readonly proto: ModelProto;
  readonly graph: GraphProto;
  /** Sources of external payloads by location; `SELF` is the model's own file. */
  readonly sources: ReadonlyMap<string, ByteSource>;
}

/** Finds the data file that a model calls `location`. */
export type FindFile = (location: string) => ByteSource | undefined;

/**
 * Opens a model from its file; `find` gives the data files that it refers to. Reads the structure only. Throws a
 * UserError that names the file and the fault.
 */
export async function readModel(file: ByteSource, find: FindFile = () => undefined): Promise<Model> {
  const structure = await readStructure(file);
  let proto: ModelProto;
  try {
    proto = fromBinary(ModelProtoSchema, structure);
  } catch (error) {
    throw new UserError(`${file.name} is damaged: ${messageOf(error)}; copy or download it again.`);
  }
  if (!proto.graph || proto.graph.node.length + proto.graph.output.length === 0) {
    throw new UserError(`${file.name} is a protobuf file, but not an ONNX model: it has no graph.`);
  }
  if (proto.opsetImport.length === 0) {
    throw new UserError(`${file.name} is not a complete ONNX model: it names no operator set (opset_import).`);
  }
  const sources = new Map([[SELF, file]]);
  for (const tensor of tensorsOf(proto)) connect(tensor, file, find, sources);
  return { name: file.name, proto, graph: proto.graph, sources };
}

function connect(tensor: TensorProto, file: ByteSource, find: FindFile, sources: Map<string, ByteSource>) {
  const external = externalOf(tensor);
  if (!external) {
    if (isIncomplete(tensor)) {
      throw new UserError(
        `${file.name} is damaged: tensor "${tensor.name}" has ${inlineBytes(tensor).length} bytes where its shape needs ${bytesOf(tensor)}.`,
      );
    }
    return;
  }
  const { location, offset, length } = external;
  if (!sources.has(location)) {
    const found = find(location);
    if (!found) {
      throw new UserError(
        `${file.name} keeps weights in ${fileNameOf(location)}, which is missing: open both files together (tensor "${tensor.name}").`,
      );
    }
    sources.set(location, found);
  }
  const source = sources.get(location)!;
  if (offset + length > source.size) {
    throw new UserError(
      `${source.name} is too short: tensor "${tensor.name}" needs bytes ${offset} to ${offset + length}, the file has ${source.size}.`,
    );
  }
  if (length < bytesOf(tensor)) {
    throw new UserError(
      `${source.name} is damaged: tensor "${tensor.name}" has ${length} bytes where its shape needs ${bytesOf(tensor)}.`,
    );
  }
}

/** The last part of a path, whichever way its folders are written. */
export const fileNameOf = (path: string): string => path.split(/[/\\]/).pop() ?? path;

/** Looks among files that were opened together, by file name: the folders that a model names are those of its maker. */
export const among =
  (files: readonly ByteSource[]): FindFile =>
  (location) =>
    files.find(({ name }) => name === fileNameOf(location));

// Strings have no fixed size; other payloads must be as long as shape and type say.
const isIncomplete = (tensor: TensorProto): boolean =>
  bytesOf(tensor) > 0 && bytesOf(tensor) >= LARGE / 64 && inlineBytes(tensor).length < bytesOf(tensor);

/** Every tensor of the model: initializers and attributes, in sub-graphs and functions too. */
export function* tensorsOf(proto: ModelProto): Generator<TensorProto> {
  if (proto.graph) yield* graphTensors(proto.graph);
  for (const { initialization, algorithm } of proto.trainingInfo) {
    if (initialization) yield* graphTensors(initialization);
    if (algorithm) yield* graphTensors(algorithm);
  }
  for (const fn of proto.functions) yield* nodeTensors(fn.node);
}

function* graphTensors(graph: GraphProto): Generator<TensorProto> {
  yield* graph.initializer;
  for (const sparse of graph.sparseInitializer) {
    if (sparse.values) yield sparse.values;
    if (sparse.indices) yield sparse.indices;
  }
  yield* nodeTensors(graph.node);
}

function* nodeTensors(nodes: GraphProto['node']): Generator<TensorProto> {
  for (const node of nodes) {
    for (const attribute of node.attribute) {
      if (attribute.t) yield attribute.t;
      yield* attribute.tensors;
      if (attribute.g) yield* graphTensors(attribute.g);
      for (const graph of attribute.graphs) yield* graphTensors(graph);
    }
  }
}

/** The payload of a tensor, read from where it is. */
export async function readBytes(model: Model, tensor: TensorProto): Promise<Uint8Array<ArrayBuffer>> {
  const external = externalOf(tensor);
  if (!external) return inlineBytes(tensor);
  const source = model.sources.get(external.location);
  if (!source) throw new Error(`No source is called ${external.location}.`);
  try {
    return await source.read(external.offset, external.length);
  } catch (error) {
    // A dropped File that was changed or deleted on disk can no longer be read.
    throw new UserError(`${source.name} can no longer be read (${messageOf(error)}): open the model again.`);
  }
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
    if (external && external.location !== SELF) bytes += external.length;
  }
  return bytes;
}

/** The version of the standard operator set. */
export function opsetOf(model: Model): number {
  const standard = model.proto.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  return Number(standard?.version ?? 0n);
}
