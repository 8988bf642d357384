import { UserError } from '../core/errors';
import { MAP_READ, USAGE } from './constants';
import type { Device } from './device';

/**
 * Storage buffers, counted so that tests notice leaks. There is no pool: the few large buffers of a layer live for
 * seconds, and freeing them at once bounds memory by the largest layer.
 */
export class Buffers {
  readonly #sizes = new Map<GPUBuffer, number>();
  #bytes = 0;
  #peak = 0;
  constructor(private readonly device: Device) {}

  get count(): number {
    return this.#sizes.size;
  }
  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes;
  }
  /** The most bytes ever held at once. */
  get peakBytes(): number {
    return this.#peak;
  }

  /** A zeroed buffer of `length` 32-bit elements. Throws a UserError where `what` is more than the adapter can bind. */
  create(length: number, what: string): GPUBuffer {
    const bytes = Math.max(4, length * 4);
    const most = this.device.largestBinding;
    if (bytes > most) {
      const size = (n: number) => `${Math.ceil(n / 2 ** 20)} MiB`;
      throw new UserError(
        `${what} takes ${size(bytes)}, but ${this.device.name} handles at most ${size(most)} at once; use the CPU backend.`,
      );
    }
    const usage = USAGE.storage | USAGE.copySource | USAGE.copyTarget;
    const buffer = this.device.gpu.createBuffer({ label: what, size: bytes, usage });
    this.#sizes.set(buffer, bytes);
    this.#bytes += bytes;
    this.#peak = Math.max(this.#peak, this.#bytes);
    return buffer;
  }

  upload(values: Float32Array | Uint32Array, what: string): GPUBuffer {
    const buffer = this.create(values.length, what);
    this.device.gpu.queue.writeBuffer(buffer, 0, values as GPUAllowSharedBufferSource);
    return buffer;
  }

  /** Reads the buffer after all work submitted before. */
  async read(buffer: GPUBuffer): Promise<ArrayBuffer> {
    const { gpu } = this.device;
    const staging = gpu.createBuffer({ size: buffer.size, usage: USAGE.mapRead | USAGE.copyTarget });
    try {
      const encoder = gpu.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
      gpu.queue.submit([encoder.finish()]);
      await this.device.guard(staging.mapAsync(MAP_READ));
      return staging.getMappedRange().slice(0);
    } finally {
      staging.destroy();
    }
  }

  /** The memory is freed when the work submitted before is done. */
  free(...buffers: readonly GPUBuffer[]): void {
    for (const buffer of buffers) {
      const bytes = this.#sizes.get(buffer);
      if (bytes === undefined) continue;
      this.#sizes.delete(buffer);
      this.#bytes -= bytes;
      buffer.destroy();
    }
  }

  freeAll(): void {
    this.free(...this.#sizes.keys());
  }
}
