import { create } from '@bufbuild/protobuf';
import { NodeProtoSchema, TensorProto_DataLocation, TensorProtoSchema } from 'onnx-buf';
import { toNumbers } from '../../evaluation/convert';
import { transpose } from '../../linalg/transpose';
import { type Layer, operandOf, type Use } from '../../model/layers';
import type { Model } from '../../model/model';
import { DataType, graph as makeGraph, value } from '../../model/onnx/build';
import { makersIn, nodesBehind, subModel } from '../../model/subModel';
import { floatsToHalves } from '../../model/tensors';
import { consumedType } from '../../operators/export/useNodes';
import type { ElementType, HostTensor, Session } from '../../runtime';
import { inputsOf, ROWS } from './layerInputs';

/** Opens one layer's nodes as a model. */
export type OpenPart = (model: Model) => Promise<Session>;

/**
 * How far the nodes that `read` holds for one use of a layer are from the layer's own node with the dense compressed
 * weight: ‖y − ŷ‖/‖ŷ‖ on inputs from N(0, 1). Undefined where the nodes cannot be run alone: they stand in a sub-graph,
 * or need more than the layer's input. `model`: the one that was rewritten; `weight`: of the layer's shape. Throws what
 * the runtime throws where the layer's nodes don't run.
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
  const part = partBetween(read, x, y);
  const product = productOf(layer, use, weight);
  const reference = product ? undefined : referenceOf(model, layer, use, weight);
  const wanted = reference && partBetween(reference, x, y);
  if (!part || (reference && !wanted)) return undefined;
  const inputs = inputsOf(layer, use, weight);
  for (const [i, feed] of inputs.entries()) {
    let expected: HostTensor;
    try {
      expected = product ? product(feed) : await run(wanted!(feed), { [x]: feed }, y, open);
    } catch {
      continue;
    }
    try {
      return relativeError(await run(part(feed), { [x]: feed }, y, open), expected);
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

/** The outputs of a look-up or a plain product, computed here: most layers are one of these, and the largest are. */
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
  const values = turned ? transpose(weight, shape[0]!, shape[1]!) : weight;
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

/** The nodes from `x` to `y` as a model of their own; undefined where they need an input of the graph other than `x`. */
function partBetween(model: Model, x: string, y: string): ((feed: HostTensor) => Model) | undefined {
  const { nodes, sources } = nodesBehind(y, makersIn(model.graph), new Set([x]));
  const initializers = model.graph.initializer.filter(({ name }) => name !== x && sources.has(name));
  if (initializers.length < sources.size - (sources.has(x) ? 1 : 0)) return undefined;
  const inOrder = model.graph.node.filter((node) => nodes.has(node));
  return (feed) =>
    subModel(model, inOrder, { inputs: [value(x, TYPES[feed.type]!, feed.dims)], outputs: [y], initializers });
}

const TYPES: Partial<Record<ElementType, number>> = {
  float32: DataType.FLOAT,
  float16: DataType.FLOAT16,
  int64: DataType.INT64,
};

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
