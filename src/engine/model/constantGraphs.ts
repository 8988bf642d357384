import type { GraphProto, NodeProto, TensorProto } from 'onnx-buf';
import { intOf, subgraphsOf } from './onnx/attributes';
import { DataType } from './onnx/build';
import { nodesBehind, readBy } from './subModel';
import { bytesOf } from './tensors';

/** A value that a graph computes from what it stores. */
export interface ConstantGraph {
  readonly output: string;
  /** In the graph's order. */
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
  /** Of the tensors that it begins with. */
  readonly storedBytes: number;
}

/**
 * What onnxruntime never folds: DequantizeLinear is kept for quantised kernels, drawing is not constant, lists are no
 * tensors.
 */
const KEPT = /^(DequantizeLinear|Random.*|Multinomial|Bernoulli|Sequence.*|SplitToSequence|Optional.*)$/;
/** Nodes of all constant sub-graphs together: a model with more, which no exporter makes, is left to the runtime. */
const MOST_NODES = 1_000_000;
/** It folds with kernels of the CPU: of float16 those that move numbers, and none that computes with them. */
const MOVES =
  /^(Constant|ConstantOfShape|Cast|Transpose|Reshape|Squeeze|Unsqueeze|Identity|Slice|Split|Concat|Gather|Expand|Shape)$/;
/** How much they give depends on data: they fold only where the graph says it. */
const SIZED_BY_DATA = new Set(['NonZero', 'Compress', 'Unique']);

/**
 * The values of the main graph that onnxruntime folds while it loads the model, as far as something else reads them:
 * what is in between is not listed. `overridable`: initializers that are inputs as well are no constants, from IR
 * version 4 on.
 */
export function constantGraphs(graph: GraphProto, overridable: boolean): ConstantGraph[] {
  const inputs = new Set(overridable ? graph.input.map(({ name }) => name) : []);
  const stored = new Map(graph.initializer.filter(({ name }) => !inputs.has(name)).map((held) => [held.name, held]));
  const sized = new Set(graph.valueInfo.filter(hasSize).map(({ name }) => name));
  const halves = new Set([...stored.values()].filter(isHalf).map(({ name }) => name));
  const computed = new Map<string, NodeProto>();
  const constant = (name: string) => name === '' || stored.has(name) || computed.has(name);
  const read = new Set(graph.output.map(({ name }) => name));
  for (const node of graph.node) {
    const ofHalves = node.input.some((name) => halves.has(name));
    if (folds(node, sized) && node.input.every(constant) && (!ofHalves || MOVES.test(node.opType))) {
      for (const name of node.output) computed.set(name, node);
      if (givesHalves(node, ofHalves)) for (const name of node.output) halves.add(name);
    } else for (const name of readBy(node)) read.add(name);
  }
  const order = new Map(graph.node.map((node, index) => [node, index]));
  const found: ConstantGraph[] = [];
  let nodes = 0;
  for (const output of read) {
    const last = computed.get(output);
    if (!last || last.opType === 'Constant') continue;
    const part = constantGraph(output, order, computed, stored);
    nodes += part.nodes.length;
    // Where each is behind the next one, and all are read, their number is squared.
    if (nodes > MOST_NODES) return [];
    found.push(part);
  }
  return found;
}

function folds(node: NodeProto, sized: ReadonlySet<string>): boolean {
  if (KEPT.test(node.opType) || subgraphsOf(node).length > 0) return false;
  return !SIZED_BY_DATA.has(node.opType) || node.output.every((name) => name === '' || sized.has(name));
}

const isHalf = ({ dataType }: TensorProto): boolean => dataType === DataType.FLOAT16;

/** For a node that folds: `ofHalves`, whether it moves any. */
function givesHalves(node: NodeProto, ofHalves: boolean): boolean {
  if (node.opType === 'Cast') return intOf(node, 'to', 0) === DataType.FLOAT16;
  return node.opType !== 'Shape' && (ofHalves || node.attribute.some(({ t }) => t !== undefined && isHalf(t)));
}

const hasSize = ({ type }: GraphProto['valueInfo'][number]): boolean =>
  type?.value.case === 'tensorType' &&
  type.value.value.shape !== undefined &&
  type.value.value.shape.dim.every(({ value }) => value.case === 'dimValue');

function constantGraph(
  output: string,
  order: ReadonlyMap<NodeProto, number>,
  computed: ReadonlyMap<string, NodeProto>,
  stored: ReadonlyMap<string, TensorProto>,
): ConstantGraph {
  const { nodes, sources } = nodesBehind(output, computed);
  const initializers = [...sources].flatMap((name) => stored.get(name) ?? []);
  const attributes = [...nodes].flatMap(({ attribute }) => attribute.flatMap(({ t }) => t ?? []));
  return {
    output,
    nodes: [...nodes].sort((a, b) => order.get(a)! - order.get(b)!),
    initializers,
    storedBytes: [...initializers, ...attributes].reduce((sum, held) => sum + bytesOf(held), 0),
  };
}
