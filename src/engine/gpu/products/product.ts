import type { PreparedWeight } from '../../backend/weights';
import type { Buffers } from '../buffers';
import type { Binding, Dispatch, Dispatcher, PacedCall } from '../dispatcher';
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

/** x [tokens, columns] and y [tokens, rows], row-major float32; y = x·Wᵀ, or y += x·Wᵀ. */
export interface Operand {
  readonly x: Binding;
  readonly y: Binding;
  readonly tokens: number;
  readonly accumulate: boolean;
}

/** A buffer of so many 32-bit elements that lives until the product is done. Its content is undefined. */
export type Scratch = (length: number) => GPUBuffer;

/** A weight on the device, in its form. */
export interface PreparedForm extends PreparedWeight {
  readonly kernels: readonly Kernel[];
  /** The dispatches of a product, cut so that none runs long at this pace. */
  steps(operand: Operand, scratch: Scratch, pace: Pace): Iterable<Dispatch>;
  /**
   * As `steps`, for x in pieces [columns, behind] and y in pieces [rows, behind]. Absent: the pieces must be
   * transposed.
   */
  readonly pieces?: {
    readonly kernels: readonly Kernel[];
    steps(operand: PieceOperand, pace: Pace): Iterable<Dispatch>;
  };
}

/** `tokens` is the number of pieces. */
export interface PieceOperand extends Operand {
  readonly behind: number;
}

/** A weight that can multiply. */
export interface Product extends Omit<PreparedForm, 'kernels' | 'pieces'> {
  /**
   * y = x·Wᵀ, x [tokens, columns] with finite entries, y [tokens, rows], which the caller frees. Throws a RangeError
   * where x is too short, a UserError where y or what lies between is more than the adapter can bind.
   */
  apply(x: GPUBuffer, tokens: number, call?: PacedCall): Promise<GPUBuffer>;
  /**
   * The same for x [tokens, columns] in panels of tokens, for where all of x or all of y is more than the adapter can
   * bind. y [tokens, rows] is in panels too. None is larger than the context's `panelBytes`, unless 64 tokens are.
   */
  applyToPanels(x: GpuMatrix, call?: PacedCall): Promise<GpuMatrix>;
}

/** Bytes of buffers. */
export const bytesOf = (...buffers: readonly GPUBuffer[]): number => buffers.reduce((sum, { size }) => sum + size, 0);
