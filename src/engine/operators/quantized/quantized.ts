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
 * A product in whole numbers takes this share of the time of a dense product. Measured on WASM: 0.44 at 128 tokens,
 * 0.67 at 16; it is slower below some ten tokens. MatMulNBits, which keeps the inputs as they are, counts as dense: it
 * decodes the codes in each product, and on WASM takes 1.35 times as long as the dense weight at 128 tokens, 3 times at
 * 16 and 13 times at 2. On Node it takes 0.9 times as long or more.
 */
const INT8_TIME = 0.67;

/** How a weight is quantised: W = scale·(code − zero point) in groups of `blockSize` columns of a row. */
export interface Quantisation extends Pick<QuantizedArrays, 'bits' | 'blockSize'> {
  readonly zeroPoints: boolean;
  /**
   * The inputs are quantised to 8 bits too, while the model runs. Needs 8-bit codes, one block per row and no zero
   * points.
   */
  readonly dynamic?: boolean;
}

declare module '../operator' {
  interface Forms {
    readonly quantized: Kept;
  }
}

interface Kept extends Quantisation {
  readonly dynamic: boolean;
  /** The type of the scales. */
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

/**
 * The operator with these codes and scales. The scales are rounded to `type` already: the type of the leaf, or float32.
 */
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

/** As `quantizedOf`, for a plan: only sizes are known. */
export function plannedQuantized(shape: readonly number[], type: FloatType, spec: Quantisation): Operator {
  const as = dimsOf(shape, spec);
  const bytes = (label: string, dims: readonly number[]) => planned(label, dims, DataType.UINT8, elements(dims));
  return quantized(shape, type, spec, {
    codes: bytes('codes', as.codes),
    scales: planned('scales', as.scales, DATA_TYPE[type], BYTES_OF[type] * elements(as.scales)),
    ...(spec.zeroPoints && { zeroPoints: bytes('zeros', as.zeroPoints) }),
  });
}

/** The shapes of the arrays, as MatMulNBits takes them. */
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
 * Integer codes with a scale per group of columns, in the layout of MatMulNBits. That operator computes x·Wᵀ, with sums
 * in float32, for the block sizes that runtimes take (powers of two from 16 to 256). In all other cases the weight is
 * rebuilt by Cast, Sub and Mul, in this order, so the file's weights equal those of `toDense` bit for bit.
 * DequantizeLinear is not used, since runtimes never fold it. Where the model computes in float16 the rebuilt weight is
 * rounded to float16. `type` is the type of the scales.
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
  /** The codes as numbers of type `to`, [rows, padded], or [rows, blocks, blockSize] for several blocks. */
  const unpacked = (writer: NodeWriter, to: number) => {
    const dims = blocks === 1 ? [rows, padded] : [rows, blocks, blockSize];
    return writeUnpacked(writer, writer.constant(codes), bits, codes.bytes, dims, to);
  };
  /** A value per group, shaped to be combined with the codes. */
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
    /** The inputs are not rounded, although the exported model may round them to 8 bits. */
    prepare: async (on) => on.quantized(await readAll()),
    // Codes minus zero points, the same times scales, then without padding and in shape. The values per group are
    // small.
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
      // The operator takes scales of its input's type. float16 cannot hold scales that are stored in float32.
      const wide = writer.type === 'float16' && type === 'float32';
      const [input, as] = wide ? [cast(writer, x, DataType.FLOAT), type] : [x, writer.type];
      const inputs = [input, writer.constant(codes), scalesAs(writer, as), ...stored];
      if (!wide) return writer.product('MatMulNBits', inputs, attributes, stage, 'com.microsoft');
      const product = writer.node('MatMulNBits', inputs, attributes, 'com.microsoft');
      return writer.product('Cast', [product], { to: DataType.FLOAT16 }, stage);
    },
  };

  /**
   * x in 8 bits, scaled to its own range, times 8-bit codes, in whole numbers. The codes stay unsigned, with a zero
   * point of 128. With signed codes, x64 machines that have AVX2 but not VNNI add pairs of products in 16 bits, which
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

/** Whether MatMulNBits takes blocks of this size. */
const blocksOfMatMulNBits = (size: number): boolean => size >= 16 && size <= 256 && Number.isInteger(Math.log2(size));
