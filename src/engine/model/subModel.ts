import { create } from '@bufbuild/protobuf';
import {
  type GraphProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import type { Model } from './model';
import { subgraphsOf } from './onnx/attributes';
import { graph as makeGraph } from './onnx/build';

/** Which node makes each value of a graph. */
export const makersIn = ({ node: nodes }: Pick<GraphProto, 'node'>): Map<string, NodeProto> =>
  new Map(nodes.flatMap((node) => node.output.map((name) => [name, node] as const)));

/** Names that a node reads, and those that the graphs inside it read, whichever graph they belong to. */
export function* readBy(node: NodeProto): Generator<string> {
  yield* node.input;
  for (const { graph } of subgraphsOf(node)) {
    for (const inner of graph.node) yield* readBy(inner);
    for (const { name } of graph.output) yield name;
  }
}

/** The nodes that a value follows from, and the values that they begin with: those in `given`, and all without a maker. */
export function nodesBehind(
  output: string,
  makers: ReadonlyMap<string, NodeProto>,
  given: ReadonlySet<string> = new Set(),
): { readonly nodes: ReadonlySet<NodeProto>; readonly sources: ReadonlySet<string> } {
  const nodes = new Set<NodeProto>();
  const sources = new Set<string>();
  const open = [output];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const maker = given.has(name) ? undefined : makers.get(name);
    if (!maker) sources.add(name);
    else if (!nodes.has(maker)) {
      nodes.add(maker);
      open.push(...readBy(maker));
    }
  }
  sources.delete('');
  return { nodes, sources };
}

/** Some nodes of a model's main graph, in its order, as a model of their own that gives these values. */
export function subModel(
  model: Model,
  nodes: readonly NodeProto[],
  {
    inputs,
    outputs: wanted,
    initializers,
  }: {
    readonly inputs: readonly ValueInfoProto[];
    readonly outputs: readonly string[];
    readonly initializers: readonly TensorProto[];
  },
): Model {
  const made = new Set(nodes.flatMap((node) => node.output));
  const outputs = wanted.map((name) => create(ValueInfoProtoSchema, { name }));
  const graph = makeGraph({ nodes, inputs, outputs, initializers });
  graph.valueInfo = model.graph.valueInfo.filter(({ name }) => made.has(name) && !wanted.includes(name));
  return { ...model, graph, proto: Object.assign(create(ModelProtoSchema), model.proto, { graph }) };
}
