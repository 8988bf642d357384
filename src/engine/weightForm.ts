/**
 * The forms that a weight W `[rows, columns]` (out, in) can be stored in, as plain data. Forms nest: a factor of a low
 * rank, a part of a sum and what is scaled are forms themselves. `gpu/products` multiplies by each without making it
 * dense; `reference/weights` makes each dense, in float64.
 */
export type WeightForm =
  | DenseForm
  | LowRankForm
  | QuantizedForm
  | SparseForm
  | NMForm
  | BlockSparseForm
  | TensorTrainForm
  | SharedForm
  | SumForm
  | ScaledForm;

interface Shape {
  readonly rows: number;
  readonly columns: number;
}

/** `values` are float32, or the bits of float16 (`halvesToFloats` of `model/tensors` says what they stand for). */
export interface DenseForm extends Shape {
  readonly kind: 'dense';
  readonly values: Float32Array | Uint16Array;
}

/** W = left·right, left `[rows, rank]`, right `[rank, columns]`. */
export interface LowRankForm {
  readonly kind: 'lowRank';
  readonly left: WeightForm;
  readonly right: WeightForm;
}

/**
 * W = scale·(code − zeroPoint), in groups of `blockSize` columns; the layout is that of ONNX Runtime's MatMulNBits.
 * `codes` is `[rows, blocks, blockSize·bits/8]`, the lowest bits of a byte first; `scales` `[rows, blocks]`;
 * `zeroPoints` packed like codes, each row padded to whole bytes; absent means 2^(bits − 1). `blockSize` is a power of
 * two of at least 16, or anything divisible by 4 that covers all columns (one scale per row).
 */
export interface QuantizedForm extends Shape {
  readonly kind: 'quantized';
  readonly bits: 2 | 4 | 8;
  readonly blockSize: number;
  readonly codes: Uint8Array;
  readonly scales: Float32Array;
  readonly zeroPoints?: Uint8Array | undefined;
}

/** Compressed rows: entry e of row i, starts[i] ≤ e < starts[i + 1], is values[e] in column columnOf[e]. */
export interface SparseForm extends Shape {
  readonly kind: 'sparse';
  readonly starts: Uint32Array;
  readonly columnOf: Uint32Array;
  readonly values: Float32Array;
}

/**
 * At most n of every m ≤ 16 neighbouring columns: value `[rows, groups, n]` with its place within the group, `[rows,
 * groups, n]`. A place beyond the last column must carry 0.
 */
export interface NMForm extends Shape {
  readonly kind: 'nm';
  readonly n: number;
  readonly m: number;
  readonly values: Float32Array;
  readonly places: Uint8Array;
}

/**
 * Compressed rows of dense blocks `[height, width]`, width divisible by 4. Block e of block row i lies at block column
 * columnOf[e]; blocks over the edge are padded with zeros.
 */
export interface BlockSparseForm extends Shape {
  readonly kind: 'blockSparse';
  readonly height: number;
  readonly width: number;
  readonly starts: Uint32Array;
  readonly columnOf: Uint32Array;
  readonly values: Float32Array;
}

/** A matrix product operator: core k is `[χ(k−1), out[k], in[k], χ(k)]`, rows = ∏out, columns = ∏in, χ(0) = χ(d) = 1. */
export interface TensorTrainForm {
  readonly kind: 'tensorTrain';
  readonly out: readonly number[];
  readonly in: readonly number[];
  /** The bond dimensions between the cores: one less than there are cores. */
  readonly bonds: readonly number[];
  readonly cores: readonly Float32Array[];
}

/**
 * Hash-shared: with i = offset + row·columns + column, r = run and s = slots.length,
 * W = scale · sign(row) · sign(column) · slots[(place(⌊i/r⌋) + i mod r) mod s]. A run of r weights lies on r slots that
 * follow one another, in a circle, so that neighbours stay neighbours; where r = s each slot carries equally many weights.
 * Places and signs are hashed, not stored (sharing.ts says how). Signs that factor take a hash for each
 * row and each column in place of one for each weight.
 */
export interface SharedForm extends Shape {
  readonly kind: 'shared';
  readonly slots: Float32Array;
  /** Weights that lie together: from 1 to as many as there are slots. */
  readonly run: number;
  readonly scale: number;
  /** Index of the layer's first weight among all that share the slots; offset + rows·columns ≤ 2³². */
  readonly offset: number;
  readonly seed: number;
}

export interface SumForm {
  readonly kind: 'sum';
  readonly parts: readonly WeightForm[];
}

/** diag(out)·inner·diag(in); a diagonal that is absent is all ones. */
export interface ScaledForm {
  readonly kind: 'scaled';
  readonly out?: Float32Array | undefined;
  readonly in?: Float32Array | undefined;
  readonly inner: WeightForm;
}

/** One scale per row and signed codes, as of symmetric int8: the form with one block per row and zero point 128. */
export function perChannel(codes: Int8Array, scales: Float32Array, rows: number, columns: number): QuantizedForm {
  const blockSize = Math.ceil(columns / 4) * 4;
  const unsigned = new Uint8Array(rows * blockSize).fill(128);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) unsigned[i * blockSize + j] = codes[i * columns + j]! + 128;
  }
  return { kind: 'quantized', rows, columns, bits: 8, blockSize, codes: unsigned, scales };
}
