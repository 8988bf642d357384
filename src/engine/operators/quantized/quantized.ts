import { decodeQuantized } from '../../backend/codes';
import type { QuantizedArrays } from '../../backend/weights';
import { DataType } from '../../model/onnx/build';
import { decodeFloats, encodeFloats } from '../../model/tensors';
import { DATA_TYPE } from '../dense/dense';
import { cast, cropped, reshaped } from '../export/nodes';
import {
  BYTES_OF,
  elements,
  type FloatType,
  type Form,
  matrixOf,
  type NodeWriter,
  type Operator,
  type Stage,
  type WeightWriter,
} from '../operator';
import { unpackedBytes, writeUnpacked } from '../packedCodes';
import { randomBytes } from '../randomContents';
import { planned, type StoredArray, stored } from '../stored';

/**
 * Share of a dense product's time that one in whole numbers takes from some ten tokens on: .44 at 128, .67 at 16 on WASM.
 * Codes met by inputs as they are (MatMulNBits) are no such gain: WASM takes 1.35 times as long as for the dense weight at
 * 128 tokens, 3 at 16 and 13 at 2, as each product decodes them; Node from .9 on. They count as dense.
 */
const INT8_TIME = 0.67;

/** How the rows of a weight are quantised: W = scale·(code − zero point) in groups of `blockSize` columns. */
export interface Quantisation extends Pick<QuantizedArrays, 'bits' | 'blockSize'> {
  readonly zeroPoints: boolean;
  /** Also quantises what the weight is applied to, to 8 bits as it comes: 8-bit codes, one block per row, no zero points. */
  readonly dynamic?: boolean;
}

declare module '../operator' {
  interface Forms {
    readonly quantized: Kept;
  }
}

interface Kept extends Quantisation {
  readonly dynamic: boolean;
  /** Of the scales. */
  readonly type: FloatType;
  readonly arrays: Arrays;
}

export const quantizedForm: Form<'quantized', Kept> = {
  describe({ bits, blockSize, dynamic, shape }) {
    const groups = blockSize >= matrixOf(shape)[1] ? 'per channel' : `groups of ${blockSize}`;
    return `${bits}-bit ${groups}${dynamic ? ', int8 inputs' : ''}`;
  },
  keep: ({ bits, blockSize, zeroPoints, dynamic, type, arrays }) => ({
    bits,
    blockSize,
    zeroPoints,
    dynamic,
    type,
    arrays,
  }),
  restore: ({ shape, type, arrays, bits, blockSize, zeroPoints, dynamic }) =>
    quantized(shape, type, { bits, blockSize, zeroPoints, dynamic }, arrays),
  fill({ shape, type, bits, blockSize, zeroPoints, dynamic }, _, random) {
    const as = dimsOf(shape, { bits, blockSize });
    const bytes = (dims: readonly number[]) => randomBytes(random, elements(dims));
    const arrays = {
      bits,
      blockSize,
      codes: bytes(as.codes),
      scales: new Float32Array(elements(as.scales)).fill(2 ** -bits),
      ...(zeroPoints && { zeroPoints: bytes(as.zeroPoints) }),
    };
    return quantizedOf(shape, type, arrays, { dynamic });
  },
};

interface Arrays {
  readonly codes: StoredArray;
  readonly scales: StoredArray;
  readonly zeroPoints?: StoredArray | undefined;
}

/** The weight `shape` that `form` stands for, its scales rounded to `type` already: the leaf's, or float32. */
export function quantizedOf(
  shape: readonly number[],
  type: FloatType,
  form: Omit<QuantizedArrays, 'rows' | 'columns'>,
  { dynamic = false }: { dynamic?: boolean } = {},
): Operator {
  const { bits, blockSize, codes, scales, zeroPoints } = form;
  const as = dimsOf(shape, { bits, blockSize });
  const dataType = DATA_TYPE[type];
  return quantized(
    shape,
    type,
    { bits, blockSize, zeroPoints: zeroPoints !== undefined, dynamic },
    {
      codes: stored('codes', as.codes, DataType.UINT8, codes),
      scales: stored('scales', as.scales, dataType, encodeFloats(new Float32Array(scales), dataType)),
      ...(zeroPoints && { zeroPoints: stored('zeros', as.zeroPoints, DataType.UINT8, zeroPoints) }),
    },
  );
}

/** `quantizedOf` of which only the sizes are known. */
export function plannedQuantized(shape: readonly number[], type: FloatType, spec: Quantisation): Operator {
  const as = dimsOf(shape, spec);
  const bytes = (label: string, dims: readonly number[]) => planned(label, dims, DataType.UINT8, elements(dims));
  return quantized(shape, type, spec, {
    codes: bytes('codes', as.codes),
    scales: planned('scales', as.scales, DATA_TYPE[type], BYTES_OF[type] * elements(as.scales)),
    ...(spec.zeroPoints && { zeroPoints: bytes('zeros', as.zeroPoints) }),
  });
}

/** The arrays' shapes, as MatMulNBits takes them. */
function dimsOf(shape: readonly number[], { bits, blockSize }: Pick<Quantisation, 'bits' | 'blockSize'>) {
  const [rows, columns] = matrixOf(shape);
  const blocks = Math.ceil(columns / blockSize);
  return {
    codes: [rows, blocks, (blockSize * bits) / 8],
    scales: [rows, blocks],
    zeroPoints: [rows, Math.ceil((blocks * bits) / 8)],
  };
}

/**
 * Integer codes with a scale per group of columns, in the layout of MatMulNBits: x·Wᵀ is that operator, with sums in
 * float32, for the blocks that runtimes take (powers of two from 16 to 256). Everything else is rebuilt by Cast, Sub and
 * Mul, in this order, so that the file's weights are those of `toDense` bit for bit; not by DequantizeLinear, which
 * runtimes never fold. Where the model computes in float16 the rebuilt weight is rounded to it.
 * `type` is that of the scales.
 */
function quantized(shape: readonly number[], type: FloatType, spec: Quantisation, arrays: Arrays): Operator {
  const { bits, blockSize, zeroPoints: hasZeros, dynamic = false } = spec;
  const [rows, columns] = matrixOf(shape);
  const blocks = Math.ceil(columns / blockSize);
  const padded = blocks * blockSize;
  const { codes, scales, zeroPoints } = arrays;
  const asBlocks = blocksOfMatMulNBits(blockSize);

  const readAll = async (): Promise<QuantizedArrays> => ({
    rows,
    columns,
    bits,
    blockSize,
    codes: await codes.read(),
    scales: decodeFloats(await scales.read(), DATA_TYPE[type], 'scales'),
    zeroPoints: await zeroPoints?.read(),
  });
  /** The codes as numbers of `to`, [rows, padded], or [rows, blocks, blockSize] where there are several. */
  const unpacked = (writer: NodeWriter, to: number) => {
    const dims = blocks === 1 ? [rows, padded] : [rows, blocks, blockSize];
    return writeUnpacked(writer, writer.constant(codes), bits, codes.bytes, dims, to);
  };
  /** A value per group, in the shape that meets the codes'. */
  const perGroup = (writer: NodeWriter, value: string) =>
    blocks === 1 ? value : reshaped(writer, value, [rows, blocks, 1]);
  const zeros = (writer: NodeWriter) => {
    if (!zeroPoints) return cast(writer, writer.int64([2 ** (bits - 1)]), DataType.FLOAT);
    const each = 8 / bits;
    const across = (zeroPoints.bytes / rows) * each;
    const all = writeUnpacked(
      writer,
      writer.constant(zeroPoints),
      bits,
      zeroPoints.bytes,
      [rows, across],
      DataType.FLOAT,
    );
    return perGroup(writer, across === blocks ? all : cropped(writer, all, [1], [blocks]));
  };
  const scalesAs = (writer: NodeWriter, to: FloatType) => {
    const name = writer.constant(scales);
    return type === to ? name : cast(writer, name, DATA_TYPE[to]);
  };

  const sizes = { ...spec, dynamic, type, arrays, shape, children: [] };
  return {
    kind: 'quantized',
    ...sizes,
    form: quantizedForm.describe(sizes),
    effort: (dense) => (dynamic ? dense * INT8_TIME : dense),
    parameters: rows * columns,
    bytes: codes.bytes + scales.bytes + (zeroPoints?.bytes ?? 0),
    multiplyAdds: rows * columns,
    with() {
      return this;
    },
    toDense: async () => decodeQuantized(await readAll()),
    /** Inputs stay as they are, also where the exported model rounds them to 8 bits. */
    prepare: async (on) => on.quantized(await readAll()),
    // Codes less zero points, times scales, then without padding and in shape; the groups' own values are small.
    rebuildBytes:
      unpackedBytes(rows * padded, bits) +
      BYTES_OF.float32 * (2 * rows * padded + (padded === columns ? 0 : rows * columns) + rows * columns) +
      (hasZeros ? 12 : 4) * rows * blocks,
    rebuild(writer) {
      const centred = writer.node('Sub', [unpacked(writer, DataType.FLOAT), zeros(writer)]);
      let value = writer.node('Mul', [centred, perGroup(writer, scalesAs(writer, 'float32'))]);
      if (padded !== columns) {
        const matrix = blocks === 1 ? value : reshaped(writer, value, [rows, padded]);
        value = cropped(writer, matrix, [1], [columns]);
      }
      const isShaped = shape.length === 2 && (blocks === 1 || padded !== columns);
      if (!isShaped) value = reshaped(writer, value, shape);
      return writer.type === 'float32' ? value : cast(writer, value, DATA_TYPE[writer.type]);
    },
    writes: (mode) => mode === 'rows' && shape.length === 2 && (dynamic ? true : asBlocks),
    write(writer, x, _mode, stage) {
      if (dynamic) return writeDynamic(writer, x, stage);
      const attributes = { K: columns, N: rows, bits, block_size: blockSize, accuracy_level: 1 };
      const stored = zeroPoints ? [writer.constant(zeroPoints)] : [];
      // The operator wants scales of its input's type, and float16 doesn't hold those that are stored in float32.
      const wide = writer.type === 'float16' && type === 'float32';
      const [input, as] = wide ? [cast(writer, x, DataType.FLOAT), type] : [x, writer.type];
      const inputs = [input, writer.constant(codes), scalesAs(writer, as), ...stored];
      if (!wide) return writer.product('MatMulNBits', inputs, attributes, stage, 'com.microsoft');
      const product = writer.node('MatMulNBits', inputs, attributes, 'com.microsoft');
      return writer.product('Cast', [product], { to: DataType.FLOAT16 }, stage);
    },
  };

  /**
   * x in 8 bits, scaled to its own range, times codes in 8 bits, in whole numbers. The codes stay unsigned with a zero
   * point of 128: with signed ones x64 machines that have AVX2 but not VNNI add pairs of products in 16 bits, and
   * saturate.
   */
  function writeDynamic(writer: WeightWriter, x: string, stage: Stage): string {
    const half = writer.type === 'float16';
    const [xCodes, xScale, xZero] = writer.nodeOf(
      'DynamicQuantizeLinear',
      [half ? cast(writer, x, DataType.FLOAT) : x],
      3,
    );
    let matrix = reshaped(writer, writer.constant(codes), [rows, padded]);
    if (padded !== columns) matrix = cropped(writer, matrix, [1], [columns]);
    const turned = writer.node('Transpose', [matrix], { perm: [1, 0] });
    const zero = cast(writer, writer.int64([128], []), DataType.UINT8);
    const sums = writer.node('MatMulInteger', [xCodes!, turned, xZero!, zero]);
    const wScale = reshaped(writer, scalesAs(writer, 'float32'), [rows]);
    const operands = [cast(writer, sums, DataType.FLOAT), writer.node('Mul', [xScale!, wScale])];
    if (!half) return writer.product('Mul', operands, {}, stage);
    return writer.product('Cast', [writer.node('Mul', operands)], { to: DataType.FLOAT16 }, stage);
  }
}

/** Whether runtimes take blocks of this size in MatMulNBits. */
const blocksOfMatMulNBits = (size: number): boolean => size >= 16 && size <= 256 && Number.isInteger(Math.log2(size));
