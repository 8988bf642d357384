import { create } from '@bufbuild/protobuf';
import { type NodeProto, NodeProtoSchema } from 'onnx-buf';
import type { Layer, Use } from '../model/layers';
import type { Model } from '../model/model';
import { attribute, DataType, float, value } from '../model/onnx/build';
import { Rewrite } from '../model/rewrite';
import type { Scope } from '../model/scopes';
import { DEFAULT_EXPORT } from '../operators/export/choice';
import { ConstantStore } from '../operators/export/constants';
import { SubgraphWriter } from '../operators/export/subgraph';
import type { Operator } from '../operators/operator';
import { consumerOf, Nodes } from './consumers';
import { withOutputs } from './running';

/** The outputs that a probe adds to a model for one consumer of a layer: scalars, without bias. */
export interface Probe {
  readonly layer: Layer;
  /** The unit of the two others: they are in squares of it. */
  readonly unit: string;
  /** ‖XWᵀ‖². */
  readonly norm: string;
  /** ‖X(W−Ŵ)ᵀ‖². */
  readonly difference: string;
}

/** The smallest number that has full precision: dividing by it is safe. */
const LEAST_NORMAL = 2 ** -126;

/**
 * The model with probes in place of its outputs: run on calibration data, it says how far each layer's output moves
 * when its weight becomes `operators.get(layer)`, all other layers as they were. Consumers that calibration can't
 * observe are left out.
 */
export async function probeModel(
  model: Model,
  main: Scope,
  operators: ReadonlyMap<Layer, Operator>,
): Promise<{ readonly model: Model; readonly probes: readonly Probe[] }> {
  const rewrite = new Rewrite(model, main);
  const probes: Probe[] = [];
  const shared = new Map<string, string>();
  for (const [layer, operator] of operators) {
    const store = new ConstantStore(rewrite, layer, shared, main);
    for (const use of layer.uses) {
      if (typeof consumerOf(layer, use, main) === 'string') continue;
      const nodes = new Nodes(rewrite, main, layer.weight);
      probes.push({ layer, ...writeProbe(rewrite, layer, use, operator, store, nodes) });
      rewrite.replace(use.node, [use.node, ...nodes.list]);
    }
    await store.fill();
  }
  const outputs = probes.flatMap(({ unit, norm, difference }) => [unit, norm, difference]);
  return {
    model: withOutputs(
      rewrite.finish(),
      outputs.map((name) => value(name, DataType.FLOAT)),
    ),
    probes,
  };
}

function writeProbe(
  rewrite: Rewrite,
  layer: Layer,
  use: Use,
  operator: Operator,
  store: ConstantStore,
  nodes: Nodes,
): Omit<Probe, 'layer'> {
  const asFloat = (name: string) => nodes.emit('Cast', [name], { to: DataType.FLOAT });
  // Without the bias: it does not change the difference, and ‖XWᵀ‖ does not include it.
  const copy = (name: string): NodeProto =>
    Object.assign(create(NodeProtoSchema), use.node, withoutBias(use), {
      name: nodes.fresh(name),
      output: [nodes.fresh(`${name}/output`)],
    });
  const dense = copy('dense');
  const factored = copy('factored');
  nodes.list.push(
    dense,
    ...new SubgraphWriter(rewrite, layer, { ...use, node: factored }, store, DEFAULT_EXPORT).writeAll(operator),
  );
  const y = asFloat(dense.output[0]!);
  const difference = nodes.emit('Sub', [y, asFloat(factored.output[0]!)]);
  // Squares in units of the largest |y| neither overflow nor underflow. float64 would not need this, but
  // onnxruntime-web cannot cast to it.
  const least = nodes.constant([], DataType.FLOAT, new Uint8Array(Float32Array.of(LEAST_NORMAL).buffer));
  const largest = nodes.emit('ReduceMax', [nodes.emit('Abs', [y])], { keepdims: 0 });
  const unit = nodes.emit('Max', [largest, least]);
  const squares = (name: string) => nodes.emit('ReduceSumSquare', [nodes.emit('Div', [name, unit])], { keepdims: 0 });
  return { unit, norm: squares(y), difference: squares(difference) };
}

/** A node's inputs and attributes without its bias. A bias with a factor may be required, so its factor becomes 0. */
function withoutBias({ node, role }: Use): Pick<NodeProto, 'input' | 'attribute'> {
  const { bias } = role!.operator;
  if (bias?.factor === undefined) return { input: node.input.slice(0, bias?.input ?? 2), attribute: node.attribute };
  const others = node.attribute.filter(({ name }) => name !== bias.factor);
  return { input: node.input, attribute: [...others, attribute(bias.factor, float(0))] };
}
