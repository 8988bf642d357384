import { Inflate } from 'fflate';
import { UserError } from '../../core/errors';
import { crc32 } from './crc32';

/** Bytes that the compressed entries of one archive may unpack to, all together. */
const LARGEST = 2 ** 32;

/** Deflate makes at most so many bytes of one. */
const DEFLATE_RATIO = 1032;

/** Compressed bytes that are unpacked before the result is held against the size that was announced. */
const STEP = 1 << 15;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly size: number;
  readonly encrypted: boolean;
  /** Where its bytes lie in the archive. */
  readonly from: number;
  readonly to: number;
}

/**
 * The files in a zip archive by name, unpacked; folders are left out. Every file is checked against the size and the
 * CRC-32 that the archive gives for it, and unpacking stops at that size. Throws a UserError for an archive that is cut
 * short or damaged, that holds a name twice, that is encrypted or packed in another way than by deflate, or that
 * unpacks to more than 4 GiB. `name` is the archive's own.
 */
export function readZip(bytes: Uint8Array, name: string): Map<string, Uint8Array> {
  const entries = entriesOf(bytes, name).filter((entry) => !entry.name.endsWith('/'));
  const unpacked = entries.reduce((sum, { method, size }) => sum + (method === 0 ? 0 : size), 0);
  if (unpacked > LARGEST) {
    throw new UserError(
      `${name} unpacks to ${(unpacked / 1e9).toFixed(1)} GB, more than the 4 GiB that are read here: save fewer samples, or save them with numpy.savez, which does not pack them.`,
    );
  }
  const files = new Map<string, Uint8Array>();
  for (const entry of entries) {
    if (files.has(entry.name))
      throw new UserError(`${name} holds "${entry.name}" twice, and which one is meant is not said; save it again.`);
    files.set(entry.name, contentOf(entry, bytes, name));
  }
  return files;
}

function contentOf(entry: Entry, bytes: Uint8Array, name: string): Uint8Array {
  const { method, size, encrypted, from, to } = entry;
  if (encrypted) throw new UserError(`"${entry.name}" in ${name} is encrypted; save it without a password.`);
  if (method !== 0 && method !== 8) {
    throw new UserError(
      `"${entry.name}" in ${name} is packed in a way that is not read here (method ${method}); save it with numpy.savez.`,
    );
  }
  const packed = bytes.subarray(from, to);
  const content = method === 0 ? packed : inflate(packed, size);
  if (content?.length !== size || crc32(content) !== entry.crc) {
    throw new UserError(
      `"${entry.name}" in ${name} is damaged: its bytes are not those that were saved (CRC-32); copy or save it again.`,
    );
  }
  return content;
}

/** Unpacks `size` bytes; undefined where there are more or fewer, or where the bytes are not deflated ones. */
function inflate(packed: Uint8Array, size: number): Uint8Array | undefined {
  if (size > DEFLATE_RATIO * packed.length) return undefined;
  const out = new Uint8Array(size);
  let done = 0;
  const inflater = new Inflate((chunk) => {
    if (done + chunk.length <= size) out.set(chunk, done);
    done += chunk.length;
  });
  try {
    for (let at = 0; at < packed.length && done <= size; at += STEP)
      inflater.push(packed.subarray(at, at + STEP), at + STEP >= packed.length);
  } catch {
    return undefined;
  }
  return done === size ? out : undefined;
}

const SIGNATURES = { entry: 0x04034b50, listed: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, at64: 0x07064b50 };

/**
 * What the directory at the end of the archive lists. The headers before the files say the same with less certainty.
 */
function entriesOf(bytes: Uint8Array, name: string): Entry[] {
  const damaged = () => new UserError(`${name} is cut short or damaged: it cannot be unzipped; copy it again.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u16 = (at: number) => view.getUint16(at, true);
  const u32 = (at: number) => view.getUint32(at, true);
  const u64 = (at: number) => Number(view.getBigUint64(at, true));
  try {
    let end = bytes.length - 22;
    // A comment may follow, of 65,535 bytes at most.
    while (!(u32(end) === SIGNATURES.end && end + 22 + u16(end + 20) === bytes.length)) {
      if (--end < bytes.length - 22 - 0xffff) throw damaged();
    }
    const wide = end >= 20 && u32(end - 20) === SIGNATURES.at64 ? u64(end - 12) : undefined;
    if (wide !== undefined && u32(wide) !== SIGNATURES.end64) throw damaged();
    const count = wide === undefined ? u16(end + 10) : u64(wide + 32);
    let at = wide === undefined ? u32(end + 16) : u64(wide + 48);
    const entries: Entry[] = [];
    for (let i = 0; i < count; i++) {
      if (u32(at) !== SIGNATURES.listed) throw damaged();
      const [flags, nameLength, extraLength, commentLength] = [u16(at + 8), u16(at + 28), u16(at + 30), u16(at + 32)];
      const extra = at + 46 + nameLength;
      const [size, packed, offset] = wideFields([u32(at + 24), u32(at + 20), u32(at + 42)], extra, extraLength);
      if (u32(offset!) !== SIGNATURES.entry) throw damaged();
      const from = offset! + 30 + u16(offset! + 26) + u16(offset! + 28);
      if (from + packed! > bytes.length) throw damaged();
      entries.push({
        name: textOf(bytes.subarray(at + 46, extra), (flags & 0x800) !== 0),
        method: u16(at + 10),
        crc: u32(at + 16),
        size: size!,
        encrypted: (flags & 1) !== 0,
        from,
        to: from + packed!,
      });
      at = extra + extraLength + commentLength;
    }
    // Many entries of the same bytes would unpack to more than any archive of this size holds.
    const inOrder = [...entries].sort((a, b) => a.from - b.from);
    if (inOrder.some(({ from }, i) => from < (inOrder[i - 1]?.to ?? 0))) throw damaged();
    return entries;
  } catch (error) {
    // What lies beyond the end can't be read.
    throw error instanceof RangeError ? damaged() : error;
  }

  /** Numbers that don't fit into 32 bits stand in an extra field, in this order. */
  function wideFields(fields: readonly number[], extra: number, length: number): number[] {
    let at = extra;
    while (at < extra + length && u16(at) !== 1) at += 4 + u16(at + 2);
    at += 4;
    return fields.map((field) => {
      if (field !== 0xffffffff) return field;
      at += 8;
      if (at > extra + length) throw damaged();
      return u64(at - 8);
    });
  }
}

const textOf = (bytes: Uint8Array, utf8: boolean): string =>
  utf8 ? new TextDecoder().decode(bytes) : String.fromCharCode(...bytes);
