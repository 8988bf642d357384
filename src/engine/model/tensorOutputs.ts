import { create } from '@bufbuild/protobuf';
import {
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import type { Model } from './model';
import { makersIn } from './subModel';

/**
 * The model as far as its outputs are tensors, which is all that can be fetched: in place of a list or a map, the
 * values that the node takes which makes it. The same model where all are, and where such a node takes none.
 */
export function withTensorOutputs(model: Model): Model {
  const { graph } = model;
  if (graph.output.every(isTensor)) return model;
  const outputs = new Map<string, ValueInfoProto>();
  for (const output of graph.output) {
    if (isTensor(output)) outputs.set(output.name, output);
    else for (const name of takenBy(graph, output.name)) outputs.set(name, create(ValueInfoProtoSchema, { name }));
  }
  if (outputs.size === 0) return model;
  const changed: GraphProto = Object.assign(create(GraphProtoSchema), graph, { output: [...outputs.values()] });
  return { ...model, graph: changed, proto: Object.assign(create(ModelProtoSchema), model.proto, { graph: changed }) };
}

const isTensor = ({ type }: ValueInfoProto): boolean => type === undefined || type.value.case === 'tensorType';

/** What nodes that make or change lists and maps take and give. */
const NO_TENSORS = /^(Sequence(?!At|Length)|SplitToSequence|Optional(?!GetElement|HasElement)|ZipMap|DictVectorizer)/;

function takenBy(graph: GraphProto, name: string): string[] {
  const stored = new Set(graph.initializer.map((tensor) => tensor.name));
  const makers = makersIn(graph);
  const found: string[] = [];
  const open = [...(makers.get(name)?.input ?? [])];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const maker = makers.get(at);
    if (maker && NO_TENSORS.test(maker.opType)) open.push(...maker.input);
    else if (at !== '' && !stored.has(at) && (maker || graph.input.some((input) => input.name === at))) found.push(at);
  }
  return found;
}
