import { toJson } from '@bufbuild/protobuf';
import { type AttributeProto, AttributeProtoSchema, type NodeProto } from 'onnx-buf';
import { type Layer, operandOf, type Use } from '../model/layers';
import { DataType, int64, node } from '../model/onnx/build';
import type { Rewrite } from '../model/rewrite';
import type { Scope } from '../model/scopes';
import { SPATIAL } from '../operators/export/subgraph';
import { elements } from '../operators/operator';
import { LARGEST_GRAM } from '../operators/statistics';

/** The input of one consumer of a layer, beside the weight. */
export interface Consumer {
  readonly layer: Layer;
  readonly use: Use;
  /** Equal for consumers that see the same rows, whatever their weights. */
  readonly key: string;
  /** rows: tokens; unfolded: a convolution's patches, taps fastest; indices: which rows a Gather reads. */
  readonly kind: 'rows' | 'unfolded' | 'indices';
  /** Values per row, or rows of the table that indices read. */
  readonly width: number;
  /** Whether it applies Wᵀ, so that its rows are as wide as W has rows. */
  readonly flipped: boolean;
}

/** A consumer for calibration; or why it cannot be observed, as the end of a sentence. */
export function consumerOf(layer: Layer, use: Use, main: Scope): Consumer | string {
  const { role } = use;
  if (use.scope !== main) return 'one of its consumers stands inside a branch or a loop, which may not run';
  const flipped = use.transposed !== (layer.stored === 'transposed');
  const x = operandOf(use);
  if (role!.kind === 'conv' && role!.groups === undefined)
    return 'a transposed convolution spreads its inputs, and no one matrix holds them';
  if ((role!.groups ?? 1) > 1) return 'its groups see inputs of their own, and no one matrix holds them';
  if (role!.kind === 'gather') {
    return { layer, use, kind: 'indices', flipped, width: layer.shape[flipped ? 1 : 0]!, key: `indices of ${x}` };
  }
  // A batch of matrices has its rows along the last axis. As columns, or transposed, they cannot be laid out as one
  // matrix.
  if (role!.operator.takesStacks && isTurned(use)) return "the graph doesn't show its input as a matrix";
  const width = flipped ? layer.shape[0]! : elements(layer.shape.slice(1));
  if (width > LARGEST_GRAM)
    return `its input of ${width} values per row is too wide for its second moments (${LARGEST_GRAM} at most)`;
  const kind = role!.kind === 'conv' ? 'unfolded' : 'rows';
  const seen = kind === 'rows' ? `${isTurned(use)}` : unfoldingOf(layer, use);
  return { layer, use, kind, flipped, width, key: `${kind} of ${x}, ${width}: ${seen}` };
}

/** Why a layer's input can be observed on no data, as the end of a sentence; undefined where it can. */
export const whyUnseen = (layer: Layer, main: Scope): string | undefined =>
  whyNone(layer.uses.map((use) => consumerOf(layer, use, main)));

export function whyNone(consumers: readonly (Consumer | string)[]): string | undefined {
  for (const consumer of consumers) {
    if (typeof consumer === 'string') return consumer;
    if (consumer.kind === 'indices')
      return consumers.length === 1 ? 'its input is an index' : 'one of its consumers reads it by index';
    if (consumer.flipped) return 'its consumers apply both it and its transpose';
  }
  return undefined;
}

/** Whether the rows are columns of the input: Gemm's W·X and Xᵀ·W. */
const isTurned = ({ role, input }: Use): boolean => (input === 0) !== role!.turnsInput;

const spatialOf = ({ node: consumer }: Use): AttributeProto[] =>
  consumer.attribute.filter(({ name }) => SPATIAL.has(name)).sort((a, b) => (a.name < b.name ? -1 : 1));

const unfoldingOf = (layer: Layer, use: Use): string =>
  JSON.stringify([layer.shape.slice(2), spatialOf(use).map((each) => toJson(AttributeProtoSchema, each))]);

/** Collects nodes to add to a model's main graph, each with one output that has a new name. */
export class Nodes {
  readonly list: NodeProto[] = [];

  constructor(
    private readonly rewrite: Rewrite,
    private readonly home: Scope,
    private readonly label: string,
  ) {}

  emit(op: string, inputs: readonly string[], attributes: Parameters<typeof node>[3] = {}): string {
    const name = this.fresh(op);
    this.list.push(node(op, inputs, [name], attributes, { name }));
    return name;
  }

  fresh(what: string): string {
    return this.rewrite.freshName(`carrara.probe/${this.label}/${what}`);
  }

  constant(dims: readonly number[], dataType: number, bytes: Uint8Array<ArrayBuffer>): string {
    const name = this.fresh('constant');
    this.rewrite.addConstant(this.home, name, dims, dataType, bytes);
    return name;
  }

  shape(dims: readonly number[]): string {
    return this.constant([dims.length], DataType.INT64, int64('', dims).rawData as Uint8Array<ArrayBuffer>);
  }
}

/** Writes nodes that lay out a consumer's input as a matrix X [rows, width] in float32. Returns its name. */
export function writeRows(nodes: Nodes, { layer, use, kind, width }: Consumer): string {
  const x = nodes.emit('Cast', [operandOf(use)], { to: DataType.FLOAT });
  if (kind === 'rows') {
    const matrix = isTurned(use) ? nodes.emit('Transpose', [x], { perm: [1, 0] }) : x;
    return nodes.emit('Reshape', [matrix, nodes.shape([-1, width])]);
  }
  const [, inner, ...kernel] = layer.shape as [number, number, ...number[]];
  const taps = elements(kernel);
  // A depthwise convolution with one-hot kernels unfolds its input: channel c·taps + k is channel c seen through tap k.
  const hot = nodes.constant([inner * taps, 1, ...kernel], DataType.FLOAT, new Uint8Array(oneHot(inner, taps).buffer));
  const unfolded = nodes.emit('Conv', [x, hot], { kernel_shape: kernel, group: inner });
  nodes.list.at(-1)!.attribute.push(...spatialOf(use));
  const positions = kernel.map((_, axis) => axis + 2);
  const last = nodes.emit('Transpose', [unfolded], { perm: [0, ...positions, 1] });
  return nodes.emit('Reshape', [last, nodes.shape([-1, width])]);
}

/** Writes nodes that count how often each row is read. Returns the name of the indices. */
export const writeIndices = (nodes: Nodes, { use }: Consumer): string =>
  nodes.emit('Cast', [operandOf(use)], { to: DataType.INT64 });

/** XᵀX of rows X. */
export const writeGram = (nodes: Nodes, rows: string): string =>
  nodes.emit('MatMul', [nodes.emit('Transpose', [rows], { perm: [1, 0] }), rows]);

/** [inner·taps, 1, taps] with a one at (c·taps + k, 0, k). */
function oneHot(inner: number, taps: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(inner * taps * taps);
  for (let c = 0; c < inner; c++) for (let k = 0; k < taps; k++) out[(c * taps + k) * taps + k] = 1;
  return out;
}
