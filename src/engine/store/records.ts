import { hashBytes } from './hash';

/** An artefact, by its content. */
export interface Reference {
  readonly sha256: string;
  readonly bytes: number;
}

/** What records of one kind hold. A change to it that older programs would misread gets the next version. */
export interface RecordKind<T> {
  readonly name: string;
  readonly version: number;
  /** Carries the type of the value; never called. */
  readonly value?: (value: T) => void;
}

/** A record as it was found. */
export interface Found<T> {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly written: number;
  readonly references: readonly Reference[];
  /** Undefined where another version of the program wrote the record, which this one does not read. */
  readonly value: T | undefined;
}

/** Of the envelope around every value. A later one may name its artefacts elsewhere. */
const ENVELOPE = 1;

interface Envelope {
  readonly envelope: number;
  readonly version: number;
  readonly written: number;
  readonly references: readonly Reference[];
  readonly value: unknown;
}

/** The bytes of a record: the hash of its JSON, a line feed, the JSON. */
export async function encodeRecord<T>(
  kind: RecordKind<T>,
  value: T,
  references: readonly Reference[],
  written: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const envelope: Envelope = { envelope: ENVELOPE, version: kind.version, written, references, value };
  const body = new TextEncoder().encode(JSON.stringify(envelope, toJson));
  return new TextEncoder().encode(`${await hashBytes(body)}\n${new TextDecoder().decode(body)}`);
}

/** What `bytes` hold; 'damaged' where they are no record, 'unknown' where a later program wrote the envelope. */
export async function decodeRecord(bytes: Uint8Array): Promise<Envelope | 'damaged' | 'unknown'> {
  const end = bytes.indexOf(10);
  if (end < 0) return 'damaged';
  const body = bytes.subarray(end + 1);
  if (new TextDecoder().decode(bytes.subarray(0, end)) !== (await hashBytes(body))) return 'damaged';
  const found = JSON.parse(new TextDecoder().decode(body), fromJson) as Envelope;
  return found.envelope === ENVELOPE ? found : 'unknown';
}

// JSON has no infinity, and writes null for it.
const toJson = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? { $number: String(value) } : value;
const fromJson = (_: string, value: { readonly $number?: string } | null): unknown =>
  value?.$number === undefined ? value : Number(value.$number);
