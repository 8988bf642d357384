/** Bytes of a protobuf message in the order in which they will be written, and payloads that are still elsewhere. */
export type Piece<Elsewhere> = Uint8Array | Elsewhere;

export class Parts<Elsewhere extends { readonly length: number } = never> {
  readonly pieces: Piece<Elsewhere>[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(piece: Piece<Elsewhere>): void {
    this.pieces.push(piece);
    this.#length += piece.length;
  }

  /** A length-delimited field. */
  addField(field: number, content: Parts<Elsewhere>): void {
    this.add(varint(field * 8 + 2));
    this.add(varint(content.#length));
    for (const piece of content.pieces) this.pieces.push(piece);
    this.#length += content.#length;
  }
}

/** All pieces in one array; only for messages whose payloads are all here. */
export function concat(parts: {
  readonly pieces: readonly Uint8Array[];
  readonly length: number;
}): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.length);
  let at = 0;
  for (const piece of parts.pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

export function varint(value: number): Uint8Array<ArrayBuffer> {
  const out: number[] = [];
  let rest = value;
  while (rest >= 128) {
    out.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
  return Uint8Array.from(out);
}

/** data_location = EXTERNAL and external_data of a TensorProto, serialised. */
export function externalEntries(location: string, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const out = new Parts();
  for (const [key, value] of [
    ['location', location],
    ['offset', String(offset)],
    ['length', String(length)],
  ] as const) {
    const entry = new Parts();
    entry.addField(1, text(key));
    entry.addField(2, text(value));
    out.addField(13, entry);
  }
  out.add(Uint8Array.of(14 * 8, 1));
  return concat(out);
}

function text(value: string): Parts {
  const out = new Parts();
  out.add(new TextEncoder().encode(value));
  return out;
}
