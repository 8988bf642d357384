import { create, toBinary } from '@bufbuild/protobuf';
import { TensorProto_DataLocation, TensorProtoSchema } from 'onnx-buf';
import { writeNpz } from '../src/engine/formats/npz/npz';
import { DataType, graph, modelBytes, node, tensor, value } from '../src/engine/model/onnx/build';

/** A file as a test hands it to the page. */
export interface TestFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Seeded numbers in −1…1 (mulberry32). */
export function numbers(count: number, seed: number): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x80000000 - 1;
  });
}

/** [rows, columns] of exactly this rank, entries of about 1/√columns, so that layers neither blow up nor die out. */
export function lowRank(rows: number, columns: number, rank: number, seed: number): Float32Array {
  const a = numbers(rows * rank, seed);
  const b = numbers(rank * columns, seed + 1);
  const scale = 3 / Math.sqrt(rank * columns);
  const product = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < rank; k++) {
      for (let j = 0; j < columns; j++) product[i * columns + j] += scale * a[i * rank + k] * b[k * columns + j];
    }
  }
  return product;
}

export interface ChainOptions {
  readonly width?: number;
  readonly layers?: number;
  readonly rank?: number;
  /** Written over the first entry of this layer's weight. */
  readonly poison?: { readonly layer: number; readonly value: number };
  /** What the nodes' names begin with. */
  readonly prefix?: string;
  /** An operator that no runtime knows, at the end. */
  readonly unknownOperator?: boolean;
}

/** Square MatMuls of a known rank with ReLUs between: `x` [n, width] → `y` [n, width]. Nodes are called /block.0/MatMul … */
export function chain(options: ChainOptions = {}): Uint8Array {
  const { width = 64, layers = 3, rank = 8, poison, prefix = '/block', unknownOperator = false } = options;
  const nodes = [];
  const initializers = [];
  for (let layer = 0; layer < layers; layer++) {
    const weight = lowRank(width, width, rank, 10 * layer + 1);
    if (poison?.layer === layer) weight[0] = poison.value;
    initializers.push(tensor(`block.${layer}.weight`, [width, width], weight));
    const [from, product] = [layer === 0 ? 'x' : `act${layer - 1}`, `product${layer}`];
    const last = layer === layers - 1 && !unknownOperator;
    nodes.push(
      node('MatMul', [from, `block.${layer}.weight`], [product], {}, { name: `${prefix}.${layer}/MatMul` }),
      node('Relu', [product], [last ? 'y' : `act${layer}`], {}, { name: `${prefix}.${layer}/Relu` }),
    );
  }
  if (unknownOperator) nodes.push(node('Frobnicate', [`act${layers - 1}`], ['y'], {}, { domain: 'made.up' }));
  return modelBytes({
    nodes,
    initializers,
    inputs: [value('x', DataType.FLOAT, ['n', width])],
    outputs: [value('y', DataType.FLOAT, ['n', width])],
    ...(unknownOperator && { domains: { 'made.up': 1 } }),
  });
}

/** A model without a weight. */
export const bare = (): Uint8Array =>
  modelBytes({
    nodes: [node('Relu', ['x'], ['y'])],
    inputs: [value('x', DataType.FLOAT, ['n', 4])],
    outputs: [value('y', DataType.FLOAT, ['n', 4])],
  });

/** One MatMul [64, 64] whose weight is said to lie in `weights.bin`. */
export function external(): Uint8Array {
  const entries = { location: 'weights.bin', offset: '0', length: String(64 * 64 * 4) };
  return modelBytes({
    nodes: [node('MatMul', ['x', 'outside.weight'], ['y'], {}, { name: '/outside/MatMul' })],
    initializers: [
      create(TensorProtoSchema, {
        name: 'outside.weight',
        dims: [64n, 64n],
        dataType: DataType.FLOAT,
        dataLocation: TensorProto_DataLocation.EXTERNAL,
        externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
      }),
    ],
    inputs: [value('x', DataType.FLOAT, ['n', 64])],
    outputs: [value('y', DataType.FLOAT, ['n', 64])],
  });
}

/** A protobuf message, but no model. */
export const strayTensor = (): Uint8Array => toBinary(TensorProtoSchema, tensor('stray', [4], numbers(4, 3)));

/** A `.npz` of float32 arrays. */
export function npz(arrays: Readonly<Record<string, { dims: readonly number[]; data: Float32Array }>>): Uint8Array {
  return writeNpz(Object.entries(arrays).map(([name, array]) => [name, { type: 'float32', ...array }]));
}

export const text = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

/** A chain of one layer whose session is never made: 1,000 products of constants [2000, 2000] are folded at first. */
export const slowToOpen = (): Uint8Array => foldedAtFirst(2000, 1000);

/**
 * A chain of one layer whose session can never be made in WebAssembly: its first constant alone takes all but 256 KiB of
 * the 4 GiB that an address of 32 bits reaches, and the runtime's own program needs more than that. The size is below
 * 2³², so that the runtime tries. It fails at once, whatever memory the machine has.
 */
export const tooLarge = (): Uint8Array => foldedAtFirst(32_767, 1);

function foldedAtFirst(side: number, count: number): Uint8Array {
  const products = Array.from({ length: count }, (_, i) =>
    node('MatMul', [i === 0 ? 'constant' : `folded${i - 1}`, 'constant'], [`folded${i}`]),
  );
  return modelBytes({
    nodes: [
      node('ConstantOfShape', ['side'], ['constant'], { value: tensor('', [1], new Float32Array([1e-4])) }),
      ...products,
      node('ReduceMax', [`folded${products.length - 1}`], ['largest'], { keepdims: 0 }),
      node('MatMul', ['x', 'slow.weight'], ['product'], {}, { name: '/slow/MatMul' }),
      node('Add', ['product', 'largest'], ['y']),
    ],
    initializers: [
      tensor('side', [2], new BigInt64Array([BigInt(side), BigInt(side)])),
      tensor('slow.weight', [64, 64], lowRank(64, 64, 8, 3)),
    ],
    inputs: [value('x', DataType.FLOAT, ['n', 64])],
    outputs: [value('y', DataType.FLOAT, ['n', 64])],
  });
}

/** A chain of one layer that never ends: a Loop with 2⁵³ rounds. */
export function endless(): Uint8Array {
  const body = graph({
    name: 'body',
    nodes: [node('Identity', ['goesOn'], ['goesOnStill']), node('Mul', ['sum', 'one'], ['sumNow'])],
    initializers: [tensor('one', [], new Float32Array([1]))],
    inputs: [value('round', DataType.INT64, []), value('goesOn', DataType.BOOL, []), value('sum', DataType.FLOAT, [])],
    outputs: [value('goesOnStill', DataType.BOOL, []), value('sumNow', DataType.FLOAT, [])],
  });
  return modelBytes({
    nodes: [
      node('ReduceMax', ['x'], ['first'], { keepdims: 0 }),
      node('Loop', ['rounds', '', 'first'], ['last'], { body }),
      node('MatMul', ['x', 'endless.weight'], ['product'], {}, { name: '/endless/MatMul' }),
      node('Add', ['product', 'last'], ['y']),
    ],
    initializers: [
      tensor('rounds', [], new BigInt64Array([2n ** 53n])),
      tensor('endless.weight', [64, 64], lowRank(64, 64, 8, 3)),
    ],
    inputs: [value('x', DataType.FLOAT, ['n', 64])],
    outputs: [value('y', DataType.FLOAT, ['n', 64])],
  });
}
