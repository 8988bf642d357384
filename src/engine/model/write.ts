import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, StringStringEntryProtoSchema } from 'onnx-buf';
import { piecesOf } from '../core/bytes';
import { UserError } from '../core/errors';
import type { LongCall } from '../core/progress';
import type { SessionModel } from '../runtime';
import type { Model } from './model';
import { cannotRead, readExternal, tensorsOf } from './model';
import { assemble, type Placement } from './onnx/assemble';
import { concat, type Parts } from './onnx/parts';
import { withTensorOutputs } from './tensorOutputs';
import { type ExternalBytes, externalOf } from './tensors';

/** Protobuf's limit is 2 GiB for a whole message; above this, weights go to a second file. */
export const SINGLE_FILE_LIMIT = 2_000_000_000;

/** onnxruntime's limit for weights that are handed over in memory. */
const LARGEST_TENSOR = 2 ** 31 - 1;

/** "model.onnx" → "model.onnx_data", the file for weights that do not fit into one file. */
export const dataNameOf = (name: string): string => `${name.replace(/\.onnx$/, '')}.onnx_data`;

/** Chunks of a file to be written, in order; payloads are read only when they are reached. */
export interface FileToWrite {
  readonly name: string;
  readonly size: number;
  chunks(call?: LongCall): AsyncGenerator<Uint8Array>;
}

/**
 * The files that hold the model: one .onnx with everything inside, or, above protobuf's limit (or `limit`; 0 always
 * asks for two), an .onnx and its .onnx_data. `metadata` is added to metadata_props. Names, order and untouched
 * payloads stay as they are. Throws a UserError where nodes themselves hold more than one file can.
 */
export function filesOf(
  model: Model,
  name: string,
  metadata: Readonly<Record<string, string>> = {},
  limit = SINGLE_FILE_LIMIT,
): FileToWrite[] {
  const structure = toBinary(ModelProtoSchema, withMetadata(model.proto, metadata));
  const payload = [...tensorsOf(model.proto)].reduce((bytes, tensor) => bytes + (externalOf(tensor)?.length ?? 0), 0);
  if (structure.length + payload < limit)
    return [
      fileOf(
        model,
        name,
        assemble(structure, () => 'inside'),
      ),
    ];

  const dataName = dataNameOf(name);
  let split = splitInto(dataName, structure, ['main']);
  const tooLarge = () => limit > 0 && split.main.length >= limit;
  if (tooLarge()) split = splitInto(dataName, structure, ['main', 'inner']);
  if (tooLarge()) {
    throw new UserError(
      `${name} would have ${(split.main.length / 1e9).toFixed(1)} GB in its nodes, more than one ONNX file holds: export the model with its weights as initializers, not as Constant nodes.`,
    );
  }
  return [fileOf(model, name, split.main), fileOf(model, dataName, split.data)];
}

/** The model with the payloads of such initializers in a second file, in the order of the first. */
function splitInto(location: string, structure: Uint8Array, moved: readonly Placement['initializer'][]) {
  const pieces: (ExternalBytes | Uint8Array)[] = [];
  let length = 0;
  const main = assemble(structure, (tensor) => {
    if (!moved.includes(tensor.initializer)) return 'inside';
    // onnxruntime maps external data into memory page by page: tensors start at multiples of 4096.
    const padding = (4096 - (length % 4096)) % 4096;
    if (padding > 0) pieces.push(new Uint8Array(padding));
    const offset = length + padding;
    pieces.push(tensor);
    length = offset + tensor.length;
    return { location, offset };
  });
  return { main, data: { pieces, length } };
}

function withMetadata(proto: Model['proto'], metadata: Readonly<Record<string, string>>): Model['proto'] {
  const kept = proto.metadataProps.filter(({ key }) => !Object.hasOwn(metadata, key));
  const added = Object.entries(metadata).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
  return Object.assign(create(ModelProtoSchema), proto, { metadataProps: [...kept, ...added] });
}

function fileOf(model: Model, name: string, parts: Pick<Parts<ExternalBytes>, 'pieces' | 'length'>): FileToWrite {
  return {
    name,
    size: parts.length,
    async *chunks({ signal, onProgress } = {}) {
      let done = 0;
      for (const piece of parts.pieces) {
        signal?.throwIfAborted();
        if (piece instanceof Uint8Array) yield piece;
        else yield* payloadOf(model, piece);
        done += piece.length;
        onProgress?.({ done, total: parts.length, label: name });
      }
    },
  };
}

/** Bytes read at a time: large enough to be quick, small enough to stay unnoticed beside a layer. */
const STEP = 1 << 24;

async function* payloadOf(model: Model, { location, offset, length }: ExternalBytes): AsyncGenerator<Uint8Array> {
  const source = model.sources.get(location)!;
  try {
    yield* piecesOf(source, offset, length, STEP);
  } catch (error) {
    throw cannotRead(source, length, error);
  }
}

/** A whole file in memory. */
export async function bytesOfFile(file: FileToWrite, call?: LongCall): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of file.chunks(call)) pieces.push(chunk);
  return concat({ pieces, length: file.size });
}

/**
 * The model as onnxruntime opens it. With `external`, initializers of the main graph are handed over beside the graph:
 * inline, a model of 256 MB takes 650 MB of WASM heap instead of 322 (16 on WebGPU). Constant nodes and sub-graphs must
 * hold their weights themselves. Outputs that are no tensors cannot be fetched, and are left out.
 */
export async function sessionModelOf(whole: Model, external: boolean, call?: LongCall): Promise<SessionModel> {
  const model = withTensorOutputs(whole);
  const structure = toBinary(ModelProtoSchema, model.proto);
  const outside: { path: string; from: Placement }[] = [];
  const parts = assemble(structure, (tensor) => {
    if (!external || tensor.initializer !== 'main') return 'inside';
    const path = `weight${outside.length}`;
    outside.push({ path, from: tensor });
    return { location: path, offset: 0 };
  });
  if (parts.length >= SINGLE_FILE_LIMIT) {
    throw new UserError(
      `${model.name} holds ${(parts.length / 1e9).toFixed(1)} GB, more than onnxruntime takes in one piece: it can be compressed here, but not run.`,
    );
  }
  const large = outside.find(({ from }) => from.length > LARGEST_TENSOR);
  if (large) {
    throw new UserError(
      `${model.name} holds a tensor of ${(large.from.length / 1e9).toFixed(1)} GB, "${large.from.name}", more than onnxruntime takes from memory: it can be compressed here, but not run.`,
    );
  }
  const bytes = await bytesOfFile(fileOf(model, model.name, parts), call);
  const externalData: { path: string; data: Uint8Array }[] = [];
  for (const { path, from } of outside) {
    call?.signal?.throwIfAborted();
    externalData.push({ path, data: await readExternal(model, from) });
  }
  return { bytes, externalData };
}

/** Size of the single file that `filesOf` would write. */
export const writtenBytes = (files: readonly FileToWrite[]): number => files.reduce((sum, { size }) => sum + size, 0);
