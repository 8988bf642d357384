import { closeSync, fstatSync, openSync } from 'node:fs';
import { UserError } from '../engine/core/errors';
import { fileError } from './fileErrors';

/** Files held open at once. A model may keep each of a thousand tensors in its own; systems allow 256 or 1,024. */
const HELD = 64;

/** Those that are open, the one that was used last at the end. */
const held = new Set<OpenFile>();

/**
 * A file to read from again and again. It stays open while few others are needed; opened again, it must be the same and
 * unchanged. Throws a UserError where it cannot be opened or is not.
 */
export class OpenFile {
  #descriptor: number | undefined;
  #users = 0;
  #identity: string | undefined;

  constructor(readonly path: string) {
    this.#open();
  }

  /** Calls `work` with a descriptor, which is good until it has finished. */
  async use<T>(work: (descriptor: number) => Promise<T>): Promise<T> {
    const descriptor = this.#open();
    this.#users++;
    try {
      return await work(descriptor);
    } finally {
      this.#users--;
    }
  }

  #open(): number {
    // The Set keeps the order in which its members were added.
    held.delete(this);
    this.#descriptor ??= this.#opened();
    held.add(this);
    return this.#descriptor;
  }

  #opened(): number {
    for (const other of held) {
      if (held.size < HELD) break;
      if (other.#users === 0) other.#close();
    }
    // A descriptor, not a FileHandle: Node warns on standard error when it collects one that was left open.
    let descriptor: number;
    try {
      descriptor = openSync(this.path, 'r');
    } catch (error) {
      throw fileError(error, this.path, 'read');
    }
    const { dev, ino, size, mtimeMs } = fstatSync(descriptor);
    const identity = [dev, ino, size, mtimeMs].join();
    this.#identity ??= identity;
    if (identity === this.#identity) return descriptor;
    closeSync(descriptor);
    throw new UserError(`${this.path} was changed while it was in use: run the command again.`);
  }

  #close(): void {
    closeSync(this.#descriptor!);
    this.#descriptor = undefined;
    held.delete(this);
  }
}
