/** One field of a serialised protobuf message: where it starts, where its content starts, and where it ends. */
export interface Field {
  readonly number: number;
  readonly wire: number;
  readonly from: number;
  readonly content: number;
  readonly to: number;
}

/** Wire types: a varint, 8 bytes, a length and as many bytes, the start and the end of a group, 4 bytes. */
export const Wire = { VARINT: 0, FIXED64: 1, BYTES: 2, GROUP: 3, GROUP_END: 4, FIXED32: 5 } as const;

/** A varint has ten bytes at most, and a field begins with two at most: its tag and its length. */
export const VARINT_BYTES = 10;

/**
 * The varint at `at`, and where it ends; undefined where it does not end before `end`. Values from 2^53 on (a negative
 * number is one) are rounded. Longer forms than needed are legal.
 */
export function readVarint(
  bytes: Uint8Array,
  at: number,
  end: number,
): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let i = at, factor = 1; i < end && i < at + VARINT_BYTES; i++, factor *= 128) {
    const byte = bytes[i]!;
    value += (byte & 127) * factor;
    if (byte < 128) return { value, next: i + 1 };
  }
  return undefined;
}

/** The fields of a message that is known to be well formed. */
export function* fieldsOf(bytes: Uint8Array, start: number, end: number): Generator<Field> {
  for (let at = start; at < end; ) {
    const field = fieldAt(bytes, at, end);
    yield field;
    at = field.to;
  }
}

function fieldAt(bytes: Uint8Array, from: number, end: number): Field {
  const tag = readVarint(bytes, from, end)!;
  const [number, wire] = [Math.floor(tag.value / 8), tag.value % 8];
  let [content, to] = [tag.next, tag.next];
  if (wire === Wire.VARINT) to = readVarint(bytes, to, end)!.next;
  else if (wire === Wire.FIXED64) to += 8;
  else if (wire === Wire.FIXED32) to += 4;
  else if (wire === Wire.BYTES) {
    const length = readVarint(bytes, to, end)!;
    content = length.next;
    to = content + length.value;
  } else if (wire === Wire.GROUP) {
    for (;;) {
      const inner = fieldAt(bytes, to, end);
      to = inner.to;
      if (inner.wire === Wire.GROUP_END) break;
    }
  }
  return { number, wire, from, content, to };
}

/**
 * The field at `from` of bytes that may be anything, and that may end before its content does; undefined where no field
 * begins there. `value` is the number of a varint.
 */
export function peekField(
  bytes: Uint8Array,
  from: number,
): (Field & { readonly value: number; readonly isBytes: boolean }) | undefined {
  const tag = readVarint(bytes, from, bytes.length);
  if (!tag) return undefined;
  const [number, wire] = [Math.floor(tag.value / 8), tag.value % 8];
  const fixed = wire === Wire.FIXED64 ? 8 : wire === Wire.FIXED32 ? 4 : undefined;
  if (fixed !== undefined)
    return { number, wire, from, content: tag.next, to: tag.next + fixed, value: Number.NaN, isBytes: false };
  if (wire !== Wire.VARINT && wire !== Wire.BYTES) return undefined;
  const value = readVarint(bytes, tag.next, bytes.length);
  if (!value) return undefined;
  const isBytes = wire === Wire.BYTES;
  const [content, to] = isBytes ? [value.next, value.next + value.value] : [tag.next, value.next];
  return { number, wire, from, content, to, value: value.value, isBytes };
}
