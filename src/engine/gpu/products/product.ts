import type { WeightForm } from '../../weightForm';
import type { Buffers } from '../buffers';
import type { Dispatch, Dispatcher, PacedCall } from '../dispatcher';
import type { Kernel } from '../kernel';
import type { Pace } from '../pace';
import type { GpuMatrix } from '../panels';
import type { Variants } from '../variants';

/** What products need of a device. */
export interface ProductContext {
  readonly buffers: Buffers;
  readonly dispatcher: Dispatcher;
  readonly pace: Pace;
  readonly variants: Variants;
  /** Most bytes of a weight in one buffer; larger ones are held in panels of rows. */
  readonly panelBytes: number;
}

/** x `[tokens, columns]` and y `[tokens, rows]`, row-major float32; y = x·Wᵀ, or y += x·Wᵀ. */
export interface Operand {
  readonly x: GPUBuffer;
  readonly y: GPUBuffer;
  readonly tokens: number;
  readonly accumulate: boolean;
}

/** A buffer of so many 32-bit elements that lives until the product is done. Its content is undefined. */
export type Scratch = (length: number) => GPUBuffer;

/** A weight on the device, in its form. */
export interface PreparedForm {
  readonly rows: number;
  readonly columns: number;
  /** Bytes that the weight takes on the device, which is what a product of one token reads of it. */
  readonly bytes: number;
  /** Multiply-adds for one token. */
  readonly multiplyAdds: number;
  readonly kernels: readonly Kernel[];
  /** The dispatches of a product, cut so that none runs long at this pace. */
  steps(operand: Operand, scratch: Scratch, pace: Pace): Iterable<Dispatch>;
  free(): void;
}

/** What makes a weight of one kind ready; `prepare` is for the forms that nest. */
export type Preparation<F extends WeightForm> = (
  context: ProductContext,
  form: F,
  prepare: (form: WeightForm) => PreparedForm,
) => PreparedForm;

/** A weight that can multiply. */
export interface Product extends Omit<PreparedForm, 'kernels'> {
  readonly kind: WeightForm['kind'];
  /**
   * y = x·Wᵀ, x `[tokens, columns]` with finite entries, y `[tokens, rows]`, which the caller frees. Throws a
   * RangeError where x is too short, a UserError where y or what lies between is more than the adapter can bind.
   */
  apply(x: GPUBuffer, tokens: number, call?: PacedCall): Promise<GPUBuffer>;
  /**
   * The same for x `[tokens, columns]` in panels of tokens, as where all of x, or all of y, is more than the adapter can
   * bind. y `[tokens, rows]` is in panels too, none larger than the context's `panelBytes` where 64 tokens are not.
   */
  applyToPanels(x: GpuMatrix, call?: PacedCall): Promise<GpuMatrix>;
}

/** A kernel among kernels of other layouts. */
export const anyKernel = (kernel: unknown) => kernel as Kernel;

/** Bytes of buffers. */
export const sizeOf = (...buffers: readonly GPUBuffer[]) => buffers.reduce((sum, { size }) => sum + size, 0);
