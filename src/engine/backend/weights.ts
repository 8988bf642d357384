/**
 * Prepares weights to multiply in their own form: on the GPU, on the CPU, and for tests in float64. An operator says
 * once what it consists of, in plain arrays. Each maker lays them out as its kernels read them. A method that throws
 * holds nothing.
 */
export interface WeightMaker<P extends PreparedWeight> {
  dense(weight: DenseArrays): P | Promise<P>;
  quantized(weight: QuantizedArrays): P | Promise<P>;
  codebook(weight: CodebookArrays): P | Promise<P>;
  /** Single weights at any places. */
  sparse(weight: SparseArrays): P | Promise<P>;
  /** At most n of every m neighbours in a row. */
  groups(weight: GroupArrays): P | Promise<P>;
  blocks(weight: BlockArrays): P | Promise<P>;
  /** Weights that share slots by a hash. */
  hashed(weight: HashedArrays): P | Promise<P>;
  /** Products one after the other, for low rank, Tucker-2 and tensor trains. */
  chain(chain: Chain<P>): P | Promise<P>;
  /** W = Σ parts, all of one shape. */
  sum(parts: readonly P[]): P | Promise<P>;
  /** W = inner·diag(scales). */
  scaled(inner: P, scales: Float32Array): P | Promise<P>;
  /** Parts of whole columns. Column i of a part is column `columns[i]` of W. Each column is in one part. */
  columnParts(parts: readonly ColumnPart<P>[]): P | Promise<P>;
}

/** A weight W [rows, columns] that is ready to compute x·Wᵀ. It owns the parts that it was made of. */
export interface PreparedWeight {
  readonly rows: number;
  readonly columns: number;
  /** Bytes of the prepared weight. A product of one token reads as many. */
  readonly bytes: number;
  free(): void;
}

/** Something to prepare: an operator, or plain arrays. */
export interface Weight {
  prepare<P extends PreparedWeight>(on: WeightMaker<P>): Promise<P>;
}

interface Shape {
  readonly rows: number;
  readonly columns: number;
}

/** `values` are float32, or the bits of float16 (see `halvesToFloats` in `model/tensors`). */
export interface DenseArrays extends Shape {
  readonly values: Float32Array | Uint16Array;
}

/**
 * W = scale·(code − zeroPoint), in groups of `blockSize` columns; the layout is that of ONNX Runtime's MatMulNBits.
 * `codes` is [rows, blocks, blockSize·bits/8], the lowest bits of a byte first; `scales` [rows, blocks]; `zeroPoints`
 * packed like codes, each row padded to whole bytes; absent means 2^(bits − 1).
 */
export interface QuantizedArrays extends Shape {
  readonly bits: 2 | 4 | 8;
  readonly blockSize: number;
  readonly codes: Uint8Array;
  readonly scales: Float32Array;
  readonly zeroPoints?: Uint8Array | undefined;
}

/** W = table[code]; codes are packed as `QuantizedArrays` has them, without padding between rows. */
export interface CodebookArrays extends Shape {
  readonly bits: 1 | 2 | 4 | 8;
  readonly codes: Uint8Array;
  readonly table: Float32Array;
}

/** Compressed rows: entry e of row i, starts[i] ≤ e < starts[i + 1], is values[e] in column columnOf[e]. */
export interface SparseArrays extends Shape {
  readonly starts: Uint32Array;
  readonly columnOf: Uint32Array;
  readonly values: Float32Array;
}

/**
 * n of every m ≤ 16 neighbouring columns: value [rows, groups, n] with its place within the group, [rows, groups, n]. A
 * place beyond the last column must carry 0.
 */
export interface GroupArrays extends Shape {
  readonly n: number;
  readonly m: number;
  readonly values: Float32Array;
  readonly places: Uint8Array;
}

/**
 * Compressed rows of dense blocks [height, width]. Block e of block row i lies at block column columnOf[e]; blocks over
 * the edge are padded with zeros.
 */
export interface BlockArrays extends Shape {
  readonly height: number;
  readonly width: number;
  readonly starts: Uint32Array;
  readonly columnOf: Uint32Array;
  readonly values: Float32Array;
}

/** h(x) = (c + x·(b + a·x)) mod 2³². */
export interface Hash {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/**
 * With i = row·columns + column, r = run and s = slots.length, W = sign(row)·sign(column)·slots[(h(⌊i/r⌋) + i mod r) mod
 * s]. A run of r ≤ s weights lies on r slots that follow one another, in a circle. The sign of a column is the highest bit
 * of h(column), that of a row the highest bit of h(columns + row).
 */
export interface HashedArrays extends Shape {
  readonly slots: Float32Array;
  readonly run: number;
  readonly hash: Hash;
}

/**
 * Products one after the other. The numbers that go into a link are pieces [columns, behind] of its weight; each piece
 * becomes [rows, behind]. `padded` numbers of a token go into the first link: `columns` numbers and zeros. The first
 * `rows` numbers that the last link computes are the result.
 */
export interface Chain<P> extends Shape {
  readonly padded: number;
  readonly links: readonly Link<P>[];
}

export interface Link<P> {
  readonly weight: P;
  /** How many numbers lie behind each input and each output of the weight. 1: its inputs are neighbours. */
  readonly behind: number;
}

export interface ColumnPart<P> {
  readonly weight: P;
  readonly columns: Int32Array;
}

/** How many numbers a token has before each link and after the last one. */
export function lengthsOf({ padded, links }: Chain<PreparedWeight>): number[] {
  const lengths = [padded];
  for (const { weight } of links) lengths.push((lengths.at(-1)! / weight.columns) * weight.rows);
  return lengths;
}

/** How many pieces a token has before a link, where it has `length` numbers. */
export const piecesOf = ({ weight, behind }: Link<PreparedWeight>, length: number): number =>
  length / (weight.columns * behind);
