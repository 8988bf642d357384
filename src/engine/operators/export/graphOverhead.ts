import { create, toBinary } from '@bufbuild/protobuf';
import { type GraphProto, GraphProtoSchema, TensorProtoSchema } from 'onnx-buf';
import { layersOf } from '../../model/layers';
import { graph, modelProto, node } from '../../model/onnx/build';
import { LARGE } from '../../model/onnx/structure';
import { Rewrite } from '../../model/rewrite';
import { scopeOf } from '../../model/scopes';
import { DATA_TYPE } from '../dense/dense';
import { type FloatType, isDense, type Operator } from '../operator';
import { DEFAULT_EXPORT, type ExportChoice } from './choice';
import { ConstantStore } from './constants';
import { SubgraphWriter } from './subgraph';

/** What an operator is written for. */
export interface Consumer {
  /** For example "MatMul". A kernel counts as a Conv, and a weight that no Gather reads as a MatMul. */
  readonly op: string;
  /** Of the model's standard operators. */
  readonly opset: number;
  readonly type?: FloatType;
  readonly choice?: ExportChoice;
}

/** Bytes of a stored tensor's header: its name, dimensions and type. A large tensor also has a location. */
const HEADER = 60;
const LOCATION = 100;

/**
 * Bytes of the file's metadata for a rewritten layer, without its form: names and shape, and a suffix for each tensor.
 */
const NOTE = 140;
const SUFFIX = 10;

const graphBytes = (proto: GraphProto): number => toBinary(GraphProtoSchema, proto).length;

/** The nodes of any form take fewer bytes than this. A form that saves more needs no count of them. */
const MOST_NODES = 16384;

/**
 * The bytes by which a file grows with `operator` instead of `before`; negative where it shrinks. Nodes are counted
 * only where they can decide.
 */
export function addedBytes(operator: Operator, before: Operator, consumer: Consumer): number {
  const stored = operator.bytes - before.bytes;
  if (Math.abs(stored) > MOST_NODES) return stored;
  return stored + graphOverheadBytes(operator, consumer) - graphOverheadBytes(before, consumer);
}

/**
 * Bytes that writing the operator adds to a file in addition to its stored bytes: nodes, small constants and the
 * headers of tensors, minus those of the dense weight. They are counted by writing it into a graph of one layer, within
 * some 200 bytes. The operator may be a plan.
 */
export function graphOverheadBytes(operator: Operator, { op, opset, type = 'float32', choice }: Consumer): number {
  if (isDense(operator)) return 0;
  const { shape } = operator;
  const name = '/model/layers.0/weight/MatMul';
  const kind = shape.length > 2 ? 'Conv' : op === 'Gather' ? op : 'MatMul';
  const dims = kind === 'MatMul' ? [...shape].reverse() : shape;
  const weight = create(TensorProtoSchema, { name: 'weight', dims: dims.map(BigInt), dataType: DATA_TYPE[type] });
  const made = graph({
    nodes: [node(kind, kind === 'Gather' ? ['weight', 'x'] : ['x', 'weight'], ['y'], {}, { name })],
    inputs: [],
    outputs: [],
    initializers: [weight],
  });
  const model = {
    name,
    proto: modelProto({ opset, nodes: [], inputs: [], outputs: [] }),
    graph: made,
    sources: new Map(),
  };
  const main = scopeOf(model);
  const layer = layersOf(main)[0]!;
  const rewrite = new Rewrite(model, main);
  const store = new ConstantStore(rewrite, layer, new Map(), main);
  const use = layer.uses[0]!;
  rewrite.replace(
    use.node,
    new SubgraphWriter(rewrite, layer, use, store, choice ?? DEFAULT_EXPORT).writeAll(operator),
  );
  rewrite.dropWeight(layer);
  const headers = store.sizes.map((bytes) => HEADER + SUFFIX + (bytes < LARGE ? 0 : LOCATION));
  return headers.reduce(
    (sum, header) => sum + header,
    NOTE + operator.form.length - HEADER + graphBytes(rewrite.finish().graph) - graphBytes(made),
  );
}
