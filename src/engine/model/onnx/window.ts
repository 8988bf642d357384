import type { ByteSource } from '../../core/bytes';

/** Reads ahead in steps, so that thousands of small fields cost a few reads, and large payloads none. */
export class Window {
  #start = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  constructor(
    private readonly source: ByteSource,
    private readonly step = 1 << 18,
  ) {}

  /** What is held, and where it starts, if it covers `start` to `end`. */
  at(start: number, end: number): { readonly bytes: Uint8Array; readonly start: number } | undefined {
    const holds = start >= this.#start && end <= this.#start + this.#bytes.length;
    return holds ? { bytes: this.#bytes, start: this.#start } : undefined;
  }

  async slice(start: number, end: number): Promise<Uint8Array> {
    if (!this.at(start, end)) {
      this.#bytes = await this.source.read(start, Math.min(Math.max(this.step, end - start), this.source.size - start));
      this.#start = start;
    }
    return this.#bytes.slice(start - this.#start, end - this.#start);
  }
}
