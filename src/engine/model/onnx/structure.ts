import { type ByteSource, joinedSource } from '../../core/bytes';
import { UserError } from '../../core/errors';
import { MODEL_FIELDS } from '../../formats/onnx/format';
import { type Field, readVarint, VARINT_BYTES, Wire } from '../../formats/protobuf';
import { CHILDREN, DOUBLES, FLOATS, LOCATION, type MessageKind, PACKED, RAW, SINGLE, TYPE } from './messages';
import { concat, externalEntries, Parts } from './parts';
import { Window } from './window';

/**
 * Reads what a model file says without reading its weights: walks the protobuf along the paths on which tensors lie,
 * and replaces every large payload by an external-data entry that points back into the file. What remains is a small,
 * valid ModelProto, so that from here on there is one kind of large weight: bytes at an offset of a source.
 *
 * Decoding the whole file instead costs its size twice (buffer and decoded copy): 2 GB of heap for a 1 GB model.
 */
export const SELF = 'carrara:self';

/** Whether a payload lies in the model's own file. */
export const isInFile = (location: string): boolean => location === SELF || location.startsWith(`${SELF}/`);

/** Payloads below this stay inside: fetching them one by one costs more than keeping them. */
export const LARGE = 4096;

/** Messages inside each other: the limit of protobuf's own readers, onnxruntime's included. */
const DEEPEST = 100;

/** Bytes that are copied at a time, where no payload stands between them. */
const RUN = 1 << 16;

export interface Structure {
  /** A serialised ModelProto. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Payloads moved out of the file: their length by their offset in it. */
  readonly spans: ReadonlyMap<number, number>;
  /** Payloads that the file holds in several pieces, by location. */
  readonly joined: ReadonlyMap<string, ByteSource>;
}

/** The model file with large payloads moved out. Throws a UserError if it is no ONNX model. */
export async function readStructure(source: ByteSource): Promise<Structure> {
  const scanner = new Scanner(source);
  const parts = await scanner.message('model', 0, source.size, 1);
  return { bytes: concat(parts), spans: scanner.spans, joined: scanner.joined };
}

export const tooDeep = (name: string): UserError =>
  new UserError(
    `${name} nests graphs or other messages more than ${DEEPEST} deep, which ONNX Runtime does not read either: export the model without so many branches and loops inside each other.`,
  );

/** Pieces of one payload: of `raw_data` the last one counts, packed numbers go on from one to the next. */
interface Payload extends Field {
  /** A run of numbers that each have a tag of their own. */
  readonly unpacked: boolean;
}

class Scanner {
  readonly spans = new Map<number, number>();
  readonly joined = new Map<string, ByteSource>();
  readonly #window: Window;
  constructor(private readonly source: ByteSource) {
    this.#window = new Window(source);
  }

  async message(kind: MessageKind, start: number, end: number, depth: number): Promise<Parts> {
    if (depth > DEEPEST) throw tooDeep(this.source.name);
    const out = new Parts();
    const single = SINGLE[kind];
    const seen = new Set<number>();
    let copied = start;
    for (let at = start; at < end; ) {
      const field = this.#fieldAt(at, end) ?? (await this.#read(at, end, kind, depth));
      const { number, wire, from, content, to } = field;
      if (kind === 'model' && (MODEL_FIELDS.get(number) ?? wire) !== wire) throw this.#notAModel();
      if (single?.includes(number)) {
        // The parts of a tensor are put together by whoever decodes the message, which wants them all.
        if (seen.has(number)) return this.#copy(start, end);
        seen.add(number);
      }
      const child = wire === Wire.BYTES && to - content >= LARGE ? CHILDREN[kind][number] : undefined;
      if (child) {
        if (from > copied) out.add(await this.#window.slice(copied, from));
        const inner =
          child === 'tensor' ? this.#tensor(content, to, depth + 1) : this.message(child, content, to, depth + 1);
        out.addField(number, await inner);
        copied = to;
      } else if (to - copied >= RUN) {
        out.add(await this.#window.slice(copied, to));
        copied = to;
      }
      at = to;
    }
    if (end > copied) out.add(await this.#window.slice(copied, end));
    return out;
  }

  async #copy(start: number, end: number): Promise<Parts> {
    const out = new Parts();
    out.add(await this.#window.slice(start, end));
    return out;
  }

  async #tensor(start: number, end: number, depth: number): Promise<Parts> {
    const out = new Parts();
    const payloads: Payload[] = [];
    let copied = start;
    let type = 0;
    let external = false;
    for (let at = start; at < end; ) {
      const field = this.#fieldAt(at, end) ?? (await this.#read(at, end, 'tensor', depth));
      const { number, wire, from, content, to } = field;
      if (wire === Wire.VARINT && (number === TYPE || number === LOCATION)) {
        const { value } = readVarint(await this.#window.slice(content, to), 0, to - content)!;
        if (number === TYPE) type = value;
        else external = value === 1;
      }
      if ((number === RAW && wire === Wire.BYTES) || number === FLOATS || number === DOUBLES) {
        if (from > copied) out.add(await this.#window.slice(copied, from));
        copied = to;
        const last = payloads.at(-1);
        const unpacked = wire !== Wire.BYTES;
        if (unpacked && last?.unpacked && last.number === number && last.to === from)
          payloads.splice(-1, 1, { ...last, to });
        else payloads.push({ ...field, unpacked });
      }
      at = to;
    }
    if (end > copied) out.add(await this.#window.slice(copied, end));
    const moved = external ? undefined : this.#movedOut(payloads, type);
    if (moved) out.add(moved);
    else for (const { from, to } of payloads) out.add(await this.#window.slice(from, to));
    return out;
  }

  /** What stands for the payload outside; undefined where it is small, or not stored as one run of bytes. */
  #movedOut(payloads: readonly Payload[], type: number): Uint8Array | undefined {
    const last = payloads.findLast(({ number }) => number === RAW);
    // Some writers put an empty one beside the numbers.
    const raw = last && last.to > last.content ? last : undefined;
    const chunks = raw ? [raw] : payloads.filter(({ number }) => number === PACKED.get(type));
    const length = chunks.reduce((sum, { content, to }) => sum + to - content, 0);
    if (length < LARGE || chunks.some(({ unpacked }) => unpacked)) return undefined;
    if (chunks.length === 1) {
      this.spans.set(chunks[0]!.content, length);
      return externalEntries(SELF, chunks[0]!.content, length);
    }
    const location = `${SELF}/${this.joined.size}`;
    this.joined.set(
      location,
      joinedSource(
        this.source,
        chunks.map(({ content, to }) => [content, to]),
      ),
    );
    return externalEntries(location, 0, length);
  }

  /** A field whose first bytes are at hand. */
  #fieldAt(from: number, end: number): Field | undefined {
    const held = this.#window.at(from, Math.min(from + 2 * VARINT_BYTES, end));
    if (!held) return undefined;
    const { bytes, start } = held;
    const last = Math.min(end - start, bytes.length);
    const tag = readVarint(bytes, from - start, last);
    const wire = tag && tag.value % 8;
    const number = tag ? Math.floor(tag.value / 8) : 0;
    // No field has number 0.
    if (!tag || number === 0) return undefined;
    const content = tag.next + start;
    if (wire === Wire.FIXED32 || wire === Wire.FIXED64) {
      const to = content + (wire === Wire.FIXED32 ? 4 : 8);
      return to <= end ? { number, wire, from, content, to } : undefined;
    }
    const value = readVarint(bytes, tag.next, last);
    if (!value) return undefined;
    const next = value.next + start;
    if (wire === Wire.VARINT) return { number, wire, from, content, to: next };
    const to = next + value.value;
    return wire === Wire.BYTES && to <= end ? { number, wire, from, content: next, to } : undefined;
  }

  /** The same for a field that has to be fetched first, for a group, and for what is no field. */
  async #read(from: number, end: number, kind: MessageKind, depth: number): Promise<Field> {
    const bytes = await this.#window.slice(from, Math.min(from + 2 * VARINT_BYTES, end));
    const field = this.#fieldAt(from, end);
    if (field) return field;
    const tag = readVarint(bytes, 0, bytes.length);
    const [number, wire] = tag ? [Math.floor(tag.value / 8), tag.value % 8] : [0, Number.NaN];
    if (number > 0 && wire === Wire.GROUP) return this.#group(number, from, from + tag!.next, end, kind, depth);
    const length = tag && wire === Wire.BYTES ? readVarint(bytes, tag.next, bytes.length) : undefined;
    const known = kind !== 'model' || MODEL_FIELDS.get(number) === wire;
    if (length && known && end === this.source.size) throw this.#truncated(from + length.next + length.value);
    throw kind === 'model' ? this.#notAModel() : this.#damaged(kind);
  }

  /** A field of a kind that ONNX does not use, but that protobuf allows. */
  async #group(number: number, from: number, content: number, end: number, kind: MessageKind, depth: number) {
    if (depth > DEEPEST) throw tooDeep(this.source.name);
    for (let at = content; at < end; ) {
      const bytes = await this.#window.slice(at, Math.min(at + VARINT_BYTES, end));
      const tag = readVarint(bytes, 0, bytes.length);
      if (tag && tag.value % 8 === Wire.GROUP_END) {
        if (Math.floor(tag.value / 8) !== number) break;
        return { number, wire: Wire.GROUP, from, content, to: at + tag.next };
      }
      at = (this.#fieldAt(at, end) ?? (await this.#read(at, end, kind, depth + 1))).to;
    }
    throw kind === 'model' ? this.#notAModel() : this.#damaged(kind);
  }

  #notAModel(): UserError {
    return new UserError(
      `${this.source.name} is not an ONNX model: its bytes are not a serialised ModelProto; open an .onnx file, or copy or download it again.`,
    );
  }

  #truncated(needed: number): UserError {
    const { name, size } = this.source;
    return new UserError(
      `${name} is truncated: it needs ${needed.toLocaleString('en')} bytes and has ${size.toLocaleString('en')}; copy or download it again.`,
    );
  }

  #damaged(kind: MessageKind): UserError {
    return new UserError(
      `${this.source.name} is damaged: ${kind === 'attribute' ? 'an' : 'a'} ${kind} inside it does not parse; copy or download it again.`,
    );
  }
}
