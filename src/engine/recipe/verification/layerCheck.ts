import { create } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { seeded } from '../../core/random';
import { fromNumbers, toNumbers } from '../../evaluation/convert';
import { readBy } from '../../model/constantGraphs';
import { type Layer, operandOf, type Use } from '../../model/layers';
import type { Model } from '../../model/model';
import { intsOf } from '../../model/onnx/attributes';
import { DataType, graph as makeGraph, value } from '../../model/onnx/build';
import { floatsToHalves } from '../../model/tensors';
import { consumedType } from '../../operators/export/useNodes';
import type { ElementType, HostTensor, Session } from '../../runtime';

/** Opens one layer's nodes as a model. */
export type OpenPart = (model: Model) => Promise<Session>;

/**
 * How far the nodes that `read` holds for one use of a layer are from the layer's own node with the compressed weight,
 * dense: ‖y − ŷ‖/‖ŷ‖ on inputs from N(0, 1). Undefined where the nodes cannot be run alone: they
 * stand in a sub-graph, or need more than the layer's input. `model`: the one that was rewritten; `weight`: of the
 * layer's shape. Throws what the runtime
 * throws where the layer's nodes don't run.
 */
export async function layerError(
  read: Model,
  model: Model,
  layer: Layer,
  use: Use,
  open: OpenPart,
  weight: Float32Array<ArrayBuffer>,
): Promise<number | undefined> {
  const x = operandOf(use);
  const y = use.node.output[0] ?? '';
  if (use.scope.path !== '' || x === '' || y === '' || !use.role) return undefined;
  const nodes = nodesBehind(read, x, y);
  const product = productOf(layer, use, weight);
  const reference = product ? undefined : referenceOf(model, layer, use, weight);
  const wanted = reference && nodesBehind(reference, x, y);
  if (!nodes || (reference && !wanted)) return undefined;
  const inputs = inputsOf(layer, use, weight);
  for (const [i, feed] of inputs.entries()) {
    const of = (part: Model, behind: ReadonlySet<NodeProto>) =>
      run(partOf(part, behind, x, feed, y), { [x]: feed }, y, open);
    let expected: HostTensor;
    try {
      expected = product ? product(feed) : await of(reference!, wanted!);
    } catch {
      continue;
    }
    try {
      return relativeError(await of(read, nodes), expected);
    } catch (error) {
      if (i === inputs.length - 1) throw error;
    }
  }
  return undefined;
}

async function run(part: Model, feeds: Record<string, HostTensor>, y: string, open: OpenPart): Promise<HostTensor> {
  const session = await open(part);
  try {
    return (await session.run(feeds))[y]!;
  } finally {
    await session.release();
  }
}

/** What a look-up or a plain product with the weight gives: at once, as these are most layers, and the largest. */
function productOf(layer: Layer, use: Use, weight: Float32Array): ((x: HostTensor) => HostTensor) | undefined {
  const { kind } = use.role!;
  if (kind === 'conv' || (kind === 'product' && !isPlain(use))) return undefined;
  const [rows, columns] = layer.shape as [number, number];
  // The node's own matrix M [out, in] is the weight or its transpose.
  const flipped = use.transposed !== (layer.stored === 'transposed');
  const [out, inner] = flipped ? [columns, rows] : [rows, columns];
  const [down, along] = flipped ? [1, columns] : [columns, 1];
  return (x) => {
    const values = toNumbers(x);
    const y = new Float64Array(ROWS * (kind === 'gather' ? inner : out));
    if (kind === 'gather') {
      for (let r = 0; r < ROWS; r++)
        for (let i = 0; i < inner; i++) y[r * inner + i] = weight[values[r]! * down + i * along]!;
    } else {
      // x M', or M x where the weight stands on the left.
      const [row, step] = use.input === 1 ? [inner, 1] : [1, ROWS];
      for (let r = 0; r < ROWS; r++) {
        for (let o = 0; o < out; o++) {
          let sum = 0;
          for (let i = 0; i < inner; i++) sum += values[r * row + i * step]! * weight[o * down + i * along]!;
          y[use.input === 1 ? r * out + o : o * ROWS + r] = sum;
        }
      }
    }
    return { type: 'float64', dims: [y.length], data: y };
  };
}

/** Whether a node computes a product of its operands as they are, without a scale or a bias. */
const isPlain = ({ role }: Use): boolean => {
  const { transposes, factor, bias } = role!.operator;
  return transposes === undefined && factor === undefined && bias === undefined;
};

const REFERENCE = 'carrara:reference';

/** The model with the weight that this use reads as one dense constant. */
function referenceOf(model: Model, layer: Layer, use: Use, weight: Float32Array<ArrayBuffer>): Model {
  const node = Object.assign(create(NodeProtoSchema), use.node, {
    input: use.node.input.map((name, at) => (at === use.input ? REFERENCE : name)),
  });
  const { shape } = layer;
  // Whether the node reads the transpose of the weight as `shape` has it.
  const turned = (use.transposed !== (layer.stored === 'transposed')) !== use.role!.transposed;
  const dims = turned ? [shape[1]!, shape[0]!] : shape;
  const values = turned ? transposed(weight, shape[0]!, shape[1]!) : weight;
  const isHalf = consumedType(layer, use) === 'float16';
  const held = isHalf ? floatsToHalves(values) : values;
  const bytes = new Uint8Array(held.buffer, held.byteOffset, held.byteLength);
  const initializer = create(TensorProtoSchema, {
    name: REFERENCE,
    dims: dims.map(BigInt),
    dataType: isHalf ? DataType.FLOAT16 : DataType.FLOAT,
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: [
      { key: 'location', value: REFERENCE },
      { key: 'length', value: String(bytes.length) },
    ],
  });
  // Not copied: it may be the largest weight of the model.
  const read = async (offset: number, length: number) => bytes.subarray(offset, offset + length);
  const source = { name: REFERENCE, size: bytes.length, read };
  const graph = Object.assign(makeGraph({ nodes: [], inputs: [], outputs: [] }), model.graph, {
    node: model.graph.node.map((one) => (one === use.node ? node : one)),
    initializer: [...model.graph.initializer, initializer],
  });
  return { ...model, graph, sources: new Map([...model.sources, [REFERENCE, source]]) };
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = values[i * columns + j]!;
  return out;
}

/** The nodes of the main graph from `x` to `y`; undefined where they need an input of the graph other than `x`. */
function nodesBehind({ graph }: Model, x: string, y: string): Set<NodeProto> | undefined {
  const makers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const stored = new Set(graph.initializer.map(({ name }) => name));
  const nodes = new Set<NodeProto>();
  const open = [y];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === x || name === '') continue;
    const maker = makers.get(name);
    if (!maker) {
      if (!stored.has(name)) return undefined;
    } else if (!nodes.has(maker)) {
      nodes.add(maker);
      open.push(...readBy(maker));
    }
  }
  return nodes;
}

/** These nodes as a model of their own. */
function partOf(model: Model, nodes: ReadonlySet<NodeProto>, x: string, feed: HostTensor, y: string): Model {
  const read = new Set([...nodes].flatMap((node) => [...readBy(node)]));
  const made = new Set([...nodes].flatMap((node) => node.output));
  const type = TYPES[feed.type]!;
  const graph = makeGraph({
    nodes: model.graph.node.filter((node) => nodes.has(node)),
    inputs: [value(x, type, feed.dims)],
    outputs: [create(ValueInfoProtoSchema, { name: y })],
    initializers: model.graph.initializer.filter(({ name }) => read.has(name) && name !== x),
  });
  graph.valueInfo = model.graph.valueInfo.filter(({ name }) => made.has(name) && name !== y);
  const proto = Object.assign(create(ModelProtoSchema), model.proto, { graph });
  return { ...model, proto, graph };
}

const TYPES: Partial<Record<ElementType, number>> = {
  float32: DataType.FLOAT,
  float16: DataType.FLOAT16,
  int64: DataType.INT64,
};

/** Small inputs that the layer's node takes: what stands for it may ask for tokens in a batch. */
function inputsOf(layer: Layer, use: Use, weight: Float32Array): HostTensor[] {
  const random = seeded(1);
  const { shape } = layer;
  const { role } = use;
  if (role!.kind === 'gather') {
    const rows = use.transposed !== (layer.stored === 'transposed') ? shape[1]! : shape[0]!;
    const data = BigInt64Array.from({ length: ROWS }, () => BigInt(random.below(rows)));
    return [{ type: 'int64', dims: [ROWS], data }];
  }
  const dims = role!.kind === 'conv' ? imageOf(use, shape) : matrixOf(layer, shape, use);
  const type = consumedType(layer, use);
  const length = dims.reduce((product, size) => product * size, 1);
  const scale = inputScale(weight, shape, type);
  const data = fromNumbers(
    Float32Array.from({ length }, () => random.normal() * scale),
    type,
  );
  const ranks = role!.operator.takesStacks ? [dims, [1, ...dims]] : [dims];
  return ranks.map((dims) => ({ type, dims, data }));
}

const ROWS = 3;

/** A power of two that keeps the outputs of inputs from N(0, scale²) within what the type holds. */
function inputScale(weight: Float32Array, [rows, columns]: readonly number[], type: ElementType): number {
  const largest = weight.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  // A sum of n products has at most √n times the deviation of the largest; six deviations are hardly ever reached.
  const bound = 6 * Math.sqrt(weight.length / Math.min(rows!, columns!)) * largest;
  // A quarter of the range is left to the sums on the way.
  const limit = type === 'float16' ? 2 ** 14 : 2 ** 126;
  return bound <= limit ? 1 : 2 ** Math.floor(Math.log2(limit / bound));
}

/** One picture, just larger than the kernel. */
function imageOf({ node, role }: Use, shape: readonly number[]): number[] {
  // The kernel of a transposed convolution is [in, out/groups, …].
  const channels = role!.groups === undefined ? shape[0]! : shape[1]! * role!.groups;
  const kernel = shape.slice(2);
  const dilations = intsOf(node, 'dilations') ?? kernel.map(() => 1);
  return [1, channels, ...kernel.map((size, axis) => (size - 1) * (dilations[axis] ?? 1) + 2)];
}

/** A few rows, or columns where the weight stands on the left. */
function matrixOf({ stored }: Layer, shape: readonly number[], { input, role, transposed }: Use): number[] {
  const [out, inner] = shape as [number, number];
  // What this node's own matrix [out, in] is wide.
  const width = transposed !== (stored === 'transposed') ? out : inner;
  return (input === 1) !== role!.turnsInput ? [ROWS, width] : [width, ROWS];
}

/** Below this, float32 has no full precision. */
const LEAST = 1e-35;

function relativeError(found: HostTensor, expected: HostTensor): number {
  const [a, b] = [toNumbers(found), toNumbers(expected)];
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < a.length; i++) {
    // Where both overflow, they agree.
    if (a[i] === b[i] || (Number.isNaN(a[i]) && Number.isNaN(b[i]))) {
      norm += Number.isFinite(b[i]!) ? b[i]! ** 2 : 0;
      continue;
    }
    difference += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return Math.sqrt(difference) / Math.max(Math.sqrt(norm), LEAST);
}
