import { UserError } from '../../errors';
import type { ByteSource } from '../bytes';
import { concat, externalEntries, Parts } from './parts';

/**
 * Reads what a model file says without reading its weights: walks the protobuf along the paths on which tensors lie, and
 * replaces every large payload by an external-data entry that points back into the file. What remains is a small, valid
 * ModelProto, so that from here on there is one kind of large weight: bytes at an offset of a source.
 *
 * Decoding the whole file instead costs its size twice (buffer and decoded copy): 2 GB of heap for a 1 GB model.
 */
export const SELF = 'carrara:self';

/** Payloads below this stay inside: fetching them one by one costs more than keeping them. */
export const LARGE = 4096;

export type MessageKind = 'model' | 'graph' | 'node' | 'attribute' | 'tensor' | 'sparse' | 'function' | 'training';

/** The fields (onnx.proto) that lead to tensors; everything else is copied as it is. */
export const CHILDREN: Readonly<Record<MessageKind, Readonly<Record<number, MessageKind>>>> = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  function: { 7: 'node', 11: 'attribute' },
  training: { 1: 'graph', 2: 'graph' },
  tensor: {},
};

// raw_data, and the packed float_data and double_data, whose bytes are the same little-endian numbers.
const PAYLOADS = new Set([9, 4, 10]);

// ModelProto's fields and their wire types, to tell a model from any other bytes.
const MODEL_FIELDS: Readonly<Record<number, number>> = {
  1: 0,
  2: 2,
  3: 2,
  4: 2,
  5: 0,
  6: 2,
  7: 2,
  8: 2,
  14: 2,
  20: 2,
  25: 2,
  26: 2,
};

/** The serialised ModelProto of `source` with large payloads moved out. Throws a UserError if it is no ONNX model. */
export async function readStructure(source: ByteSource): Promise<Uint8Array<ArrayBuffer>> {
  if (source.size === 0)
    throw new UserError(`${source.name} is empty (0 bytes): choose an .onnx file with a model in it.`);
  const parts = await new Scanner(source).message('model', 0, source.size);
  return concat(parts);
}

class Scanner {
  readonly #window: Window;
  constructor(private readonly source: ByteSource) {
    this.#window = new Window(source);
  }

  async message(kind: MessageKind, start: number, end: number): Promise<Parts> {
    const out = new Parts();
    let at = start;
    while (at < end) {
      const fieldStart = at;
      const tag = await this.#varint(at, end, kind);
      at = tag.next;
      const field = Math.floor(tag.value / 8);
      const wire = tag.value % 8;
      if (kind === 'model' && MODEL_FIELDS[field] !== wire) throw this.#notAModel();
      if (wire !== 2) {
        at =
          wire === 0 ? (await this.#varint(at, end, kind)).next : at + (wire === 1 ? 8 : wire === 5 ? 4 : Number.NaN);
        if (!(at <= end)) throw this.#damaged(kind);
        out.add(await this.#window.slice(fieldStart, at));
        continue;
      }
      const length = await this.#varint(at, end, kind);
      at = length.next + length.value;
      if (at > end) throw end === this.source.size ? this.#truncated(at) : this.#damaged(kind);
      const child = CHILDREN[kind][field];
      if (length.value < LARGE || (!child && !(kind === 'tensor' && PAYLOADS.has(field)))) {
        out.add(await this.#window.slice(fieldStart, at));
      } else if (child) {
        out.addField(field, await this.message(child, length.next, at));
      } else {
        out.add(externalEntries(SELF, length.next, length.value));
      }
    }
    return out;
  }

  async #varint(at: number, end: number, kind: MessageKind): Promise<{ value: number; next: number }> {
    const bytes = await this.#window.slice(at, Math.min(at + 10, end));
    let value = 0;
    for (let i = 0; i < bytes.length; i++) {
      value += (bytes[i]! & 127) * 2 ** (7 * i);
      if (bytes[i]! < 128) return { value, next: at + i + 1 };
    }
    throw kind === 'model' ? this.#notAModel() : this.#damaged(kind);
  }

  #notAModel(): UserError {
    return new UserError(`${this.source.name} is not an ONNX model: its bytes are not a serialised ModelProto.`);
  }

  #truncated(needed: number): UserError {
    const { name, size } = this.source;
    return new UserError(
      `${name} is truncated: it needs ${needed.toLocaleString('en')} bytes and has ${size.toLocaleString('en')}; copy or download it again.`,
    );
  }

  #damaged(kind: MessageKind): UserError {
    return new UserError(
      `${this.source.name} is damaged: a ${kind} inside it does not parse; copy or download it again.`,
    );
  }
}

/** Reads ahead in steps, so that thousands of small fields cost a few reads, and large payloads none. */
class Window {
  #start = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  constructor(
    private readonly source: ByteSource,
    private readonly step = 1 << 18,
  ) {}

  async slice(start: number, end: number): Promise<Uint8Array> {
    if (start < this.#start || end > this.#start + this.#bytes.length) {
      this.#bytes = await this.source.read(start, Math.min(Math.max(this.step, end - start), this.source.size - start));
      this.#start = start;
    }
    return this.#bytes.slice(start - this.#start, end - this.#start);
  }
}
