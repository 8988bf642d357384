import type { Tensor, TensorConstructor } from 'onnxruntime-common';
import { UserError } from '../engine/core/errors';
import type { DeviceTensor, ElementType, HostTensor, TensorData } from '../engine/runtime';
import type { Mutex } from './mutex';

type BytesView = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => object;

// onnxruntime wants Float16Array where the language has it and Uint16Array elsewhere; the engine always has the bits.
const float16Array = (): BytesView | undefined => (globalThis as { Float16Array?: BytesView }).Float16Array;

export function toOrt(Ort: TensorConstructor, { type, dims, data }: HostTensor): Tensor {
  const Float16 = float16Array();
  const values =
    type === 'float16' && Float16 && data instanceof Uint16Array
      ? new Float16(data.buffer, data.byteOffset, data.length)
      : data;
  return new Ort(type as 'float32', values as Float32Array, dims);
}

/** Reads a tensor back, from the GPU if it is there. Throws a UserError for a value that is no dense tensor. */
export async function fromOrt(name: string, value: Tensor): Promise<HostTensor> {
  if (value?.dims === undefined) {
    throw new UserError(`Output "${name}" is a sequence or a map; only tensors can be read, so choose other outputs.`);
  }
  const data = (await value.getData()) as TensorData;
  const Float16 = float16Array();
  return {
    type: value.type as ElementType,
    dims: [...value.dims],
    data:
      Float16 && data instanceof Float16
        ? new Uint16Array((data as Uint16Array).buffer, (data as Uint16Array).byteOffset, (data as Uint16Array).length)
        : data,
  };
}

/** A tensor of onnxruntime that is kept as it is. */
export class KeptTensor implements DeviceTensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  #tensor: Tensor | undefined;

  /** `lock` runs what touches the runtime's memory, apart from its sessions' work. */
  constructor(
    private readonly name: string,
    tensor: Tensor,
    private readonly lock: Mutex,
  ) {
    this.type = tensor.type as ElementType;
    this.dims = [...tensor.dims];
    this.#tensor = tensor;
  }

  get tensor(): Tensor {
    if (!this.#tensor) throw new Error(`The tensor "${this.name}" was disposed.`);
    return this.#tensor;
  }

  toHost(): Promise<HostTensor> {
    return this.lock.run(async () => {
      try {
        return await fromOrt(this.name, this.tensor);
      } finally {
        this.#end();
      }
    });
  }

  dispose(): Promise<void> {
    return this.lock.run(async () => this.#end());
  }

  #end(): void {
    this.#tensor?.dispose();
    this.#tensor = undefined;
  }
}
