import type { ByteSource } from '../core/bytes';
import { UserError } from '../core/errors';
import { sha256 } from '../core/sha256';
import type { Backing, Locks } from './backing';
import { hashSource } from './hash';
import { decodeRecord, encodeRecord, type Found, type RecordKind, type Reference } from './records';

/** Nothing more can be kept. What is open stays open. */
export class StoreFullError extends UserError {
  constructor() {
    super(
      'There is no room left to keep work on this disk: remove projects that you no longer need. What is open stays open, but a reload loses what is not kept.',
    );
  }
}

/** Puts artefacts, and records that refer to them. */
export interface Writer {
  /** Stores bytes that come piece by piece; `size` is how many come at most. The same bytes are stored once. */
  put(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, size: number): Promise<Reference>;
  /** Replaces a record as a whole: a crash leaves the old one or the new one. `references`: all artefacts that it needs. */
  setRecord<T>(kind: RecordKind<T>, name: string, value: T, references: readonly Reference[]): Promise<void>;
}

/** Whoever writes shares this lock; whoever sweeps has it alone. */
const WRITING = 'writing';

/** Another tab may replace a record while it is read: browsers then refuse to read the old one. */
const TRIES = 3;

/**
 * Artefacts by the hash of their bytes, and small named records that refer to them. Nothing is ever there in part: files
 * get their names when they are complete, and what was damaged since is found by its hash and counts as absent. Tabs may
 * share a store. Every writing method throws a StoreFullError where the disk is full.
 */
export class Store {
  readonly locks: Locks;
  readonly #backing: Backing;

  constructor(backing: Backing) {
    this.#backing = backing;
    this.locks = backing.locks;
  }

  /** Runs `work`; no sweep takes an artefact that it has put before the record that refers to it is there. */
  async write<T>(work: (writer: Writer) => Promise<T>): Promise<T> {
    const release = await this.locks.share(WRITING);
    try {
      return await work({
        put: (chunks, size) => this.#put(chunks, size),
        setRecord: async (kind, name, value, references) => {
          const bytes = await encodeRecord(kind, value, references, Date.now());
          await this.#stage([bytes], () => ['records', fileName(kind, name)]);
        },
      });
    } catch (error) {
      throw isFull(error) ? new StoreFullError() : error;
    } finally {
      release();
    }
  }

  async #put(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, size: number): Promise<Reference> {
    const hash = sha256(size);
    let bytes = 0;
    async function* counted() {
      for await (const chunk of chunks) {
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    }
    let reference: Reference | undefined;
    await this.#stage(counted(), async () => {
      reference = { sha256: await hash.hex(), bytes };
      // A file that somebody reads must not be replaced: browsers then refuse to read on.
      return (await this.check(reference)) ? undefined : ['artefacts', reference.sha256];
    });
    return reference!;
  }

  /** Writes a file and gives it the name that `target` tells afterwards; undefined: it is not needed. */
  async #stage(
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    target: () => Target | Promise<Target>,
  ): Promise<void> {
    const staged = await this.#backing.stage();
    try {
      for await (const chunk of chunks) await staged.write(chunk);
      const name = await target();
      if (name) await staged.commit(...name);
      else await staged.discard();
    } catch (error) {
      await staged.discard().catch(() => undefined);
      throw error;
    }
  }

  /** The artefact's bytes where it is there with its full length. They are not compared with the hash: `check` does that. */
  async artefact({ sha256, bytes }: Reference): Promise<ByteSource | undefined> {
    const content = await this.#backing.open('artefacts', sha256);
    return content?.size === bytes ? content : undefined;
  }

  /** Whether the artefact is there, whole and unchanged. Reads all of it. A damaged one is removed. */
  async check(reference: Reference, signal?: AbortSignal): Promise<boolean> {
    const content = await this.#backing.open('artefacts', reference.sha256);
    if (!content) return false;
    if (content.size === reference.bytes && (await hashSource(content, signal)) === reference.sha256) return true;
    await this.#backing.remove('artefacts', reference.sha256);
    return false;
  }

  /** All bytes of a small artefact; undefined where it is absent or damaged. */
  async bytes(reference: Reference): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (!(await this.check(reference))) return undefined;
    return (await this.artefact(reference))?.read(0, reference.bytes);
  }

  /** Undefined where there is no such record, or a damaged one. */
  record<T>(kind: RecordKind<T>, name: string): Promise<Found<T> | undefined> {
    return this.#found(kind, name);
  }

  /** All records of a kind, the one that was written last first. */
  async records<T>(kind: RecordKind<T>): Promise<Found<T>[]> {
    const found: Found<T>[] = [];
    for (const file of await this.#backing.list('records')) {
      if (!file.startsWith(`${kind.name}.`)) continue;
      const one = await this.#found(kind, file.slice(kind.name.length + 1));
      if (one) found.push(one);
    }
    return found.sort((a, b) => b.written - a.written);
  }

  async #found<T>(kind: RecordKind<T>, name: string): Promise<Found<T> | undefined> {
    const envelope = await this.#envelope(fileName(kind, name));
    if (envelope === undefined || envelope === 'damaged') return undefined;
    if (envelope === 'unknown') return { name, written: 0, references: [], value: undefined };
    const { written, references, version, value } = envelope;
    return { name, written, references, value: version === kind.version ? (value as T) : undefined };
  }

  async #envelope(file: string) {
    for (let left = TRIES; ; left--) {
      const content = await this.#backing.open('records', file);
      try {
        return content && (await decodeRecord(await content.read(0, content.size)));
      } catch (error) {
        if (left === 1) throw error;
      }
    }
  }

  /** What only this record referred to goes with the next sweep. */
  removeRecord(kind: Named, name: string): Promise<void> {
    return this.#backing.remove('records', fileName(kind, name));
  }

  /**
   * Removes damaged records, artefacts that no record refers to, and what writers that ended early left behind; returns
   * how many artefacts went. Undefined, and nothing is removed, while somebody writes or where a later program has
   * written a record: only that program knows what the record needs.
   */
  async sweep(): Promise<number | undefined> {
    const release = await this.locks.take(WRITING);
    if (!release) return undefined;
    try {
      const needed = new Set<string>();
      const damaged: string[] = [];
      for (const file of await this.#backing.list('records')) {
        const envelope = await this.#envelope(file);
        if (envelope === 'unknown') return undefined;
        if (envelope === 'damaged') damaged.push(file);
        else for (const { sha256 } of envelope?.references ?? []) needed.add(sha256);
      }
      for (const file of damaged) await this.#backing.remove('records', file);
      const unneeded = (await this.#backing.list('artefacts')).filter((name) => !needed.has(name));
      for (const name of unneeded) await this.#backing.remove('artefacts', name);
      await this.#backing.removeStaged();
      return unneeded.length;
    } finally {
      release();
    }
  }
}

type Target = Parameters<Awaited<ReturnType<Backing['stage']>>['commit']> | undefined;

/** Bytes of artefacts, each counted once. */
export const bytesOf = (references: readonly Reference[]): number =>
  [...new Map(references.map(({ sha256, bytes }) => [sha256, bytes])).values()].reduce((sum, bytes) => sum + bytes, 0);

type Named = { readonly name: string };

function fileName({ name: kind }: Named, name: string): string {
  // File systems differ in which names they take, and some in whether they tell capitals apart.
  if (!/^[a-z0-9-]{1,100}$/.test(name)) throw new Error(`"${name}" cannot name a record.`);
  return `${kind}.${name}`;
}

/** The browser's share of the disk is full, or the disk, or what this user may have of it. */
const isFull = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === 'QuotaExceededError' || ['ENOSPC', 'EDQUOT'].includes((error as { code?: string }).code ?? ''));
