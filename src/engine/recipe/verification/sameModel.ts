import { clone, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type TensorProto } from 'onnx-buf';
import { sameBytes } from '../../core/bytes';
import { Pacer } from '../../core/progress';
import { type Model, readBytes, readExternal, tensorsOf } from '../../model/model';
import { externalOf, inlineBytesCount } from '../../model/tensors';

/** Bytes of each of two payloads that are in memory at once. */
const STEP = 1 << 24;

/**
 * What differs between two models, as the end of a sentence; undefined where all nodes, names, attributes and shapes are
 * the same, and every byte of every tensor. Where the payloads lie, and metadata, may differ.
 */
export async function modelDifference(
  read: Model,
  written: Model,
  signal?: AbortSignal,
): Promise<{ readonly difference: string } | { readonly tensors: number }> {
  const [ours, theirs] = [[...tensorsOf(written.proto)], [...tensorsOf(read.proto)]];
  if (ours.length !== theirs.length) return { difference: 'tensors are missing' };
  const pacer = new Pacer(signal);
  for (const [i, tensor] of ours.entries()) {
    signal?.throwIfAborted();
    if (!(await samePayload(written, tensor, read, theirs[i]!, pacer)))
      return { difference: `tensor "${tensor.name}" differs` };
  }
  if (!sameBytes(structureOf(written), structureOf(read))) return { difference: 'its graph differs' };
  return { tensors: ours.length };
}

/** The serialised model without payloads and metadata. */
function structureOf({ proto }: Model): Uint8Array {
  const bare = clone(
    ModelProtoSchema,
    Object.assign(Object.create(Object.getPrototypeOf(proto)), proto, { metadataProps: [] }),
  );
  for (const tensor of tensorsOf(bare)) {
    tensor.rawData = new Uint8Array(0);
    tensor.floatData = [];
    tensor.doubleData = [];
    tensor.int32Data = [];
    tensor.int64Data = [];
    tensor.uint64Data = [];
    tensor.externalData = [];
    tensor.dataLocation = 0;
  }
  return toBinary(ModelProtoSchema, bare);
}

async function samePayload(a: Model, x: TensorProto, b: Model, y: TensorProto, pacer: Pacer): Promise<boolean> {
  const [here, there] = [externalOf(x), externalOf(y)];
  const length = here?.length ?? inlineBytesCount(x);
  if ((there?.length ?? inlineBytesCount(y)) !== length) return false;
  for (let at = 0; at < length; at += STEP) {
    const size = Math.min(STEP, length - at);
    if (!sameBytes(await part(a, x, at, size), await part(b, y, at, size))) return false;
    await pacer.breathe();
  }
  return true;
}

async function part(model: Model, tensor: TensorProto, at: number, size: number): Promise<Uint8Array> {
  const external = externalOf(tensor);
  if (!external || external.length <= STEP) return (await readBytes(model, tensor)).subarray(at, at + size);
  return readExternal(model, { ...external, offset: external.offset + at, length: size });
}
