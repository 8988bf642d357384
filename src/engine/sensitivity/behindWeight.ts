import type { NodeProto, TensorProto } from 'onnx-buf';
import type { Layer, ModelLayers } from '../model/layers';
import type { Model } from '../model/model';
import { value } from '../model/onnx/build';
import { resolve } from '../model/scopes';
import { makersIn, nodesBehind, readBy, subModel } from '../model/subModel';
import { dataTypeCalled, dimsOf } from '../model/tensors';
import type { HostTensor } from '../runtime';

/** The part of a model that a weight can change: what follows from it. */
export interface BehindWeight {
  /** The name of the weight, which is an input of the part. */
  readonly weight: string;
  /** Values that the part reads and that do not follow from the weight: the other inputs of the part. */
  readonly boundary: readonly string[];
  /** Outputs of the model that follow from the weight. The others stay as they are. */
  readonly outputs: readonly string[];
  /** The part as a model of its own. `feeds`: a value of each boundary, for its type. */
  modelFor(feeds: Readonly<Record<string, HostTensor>>): Model;
}

/**
 * What of a model must run again when one weight changes, with the weight as a true input. One session of it serves any
 * number of weights: nothing is opened again, and what lies before the weight is not run again.
 *
 * `from: 'inputs'` takes everything from the model's inputs on: no value of the boundary has to be kept. Undefined where
 * the weight is used inside a branch or loop, or may be replaced by the model's caller.
 */
export function behindWeight(
  { model, main }: ModelLayers,
  layer: Layer,
  from: 'weight' | 'inputs' = 'weight',
): BehindWeight | undefined {
  const { graph } = model;
  if (layer.home !== main || layer.uses.some(({ scope }) => scope !== main)) return undefined;
  const weight = layer.holder ? layer.holder.output[0]! : layer.tensor.name;
  if (resolve(weight, main)?.overridable) return undefined;
  const makers = makersIn(graph);
  const stored = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const inputs = new Set(graph.input.map(({ name }) => name).filter((name) => !stored.has(name)));
  const isOfGraph = (name: string) => makers.has(name) || stored.has(name) || inputs.has(name);

  const nodes = new Set<NodeProto>();
  const follows = new Set([weight]);
  const takes = (node: NodeProto) => from === 'inputs' || [...readBy(node)].some((name) => follows.has(name));
  for (const node of graph.node) {
    if (node === layer.holder || !takes(node)) continue;
    nodes.add(node);
    for (const name of node.output) follows.add(name);
  }
  const boundary = new Set<string>();
  const initializers = new Set<TensorProto>();
  for (const node of [...nodes]) {
    for (const name of readBy(node)) if (name !== '' && !follows.has(name) && isOfGraph(name)) take(name);
  }
  if (from === 'inputs') for (const name of inputs) boundary.add(name);
  const outputs = graph.output.map(({ name }) => name).filter((name) => follows.has(name) && name !== weight);
  if (outputs.length === 0) return undefined;
  return {
    weight,
    boundary: [...boundary],
    outputs,
    modelFor(feeds) {
      const { tensor } = layer;
      const known = [...boundary].map((name) => value(name, dataTypeCalled(feeds[name]!.type)));
      return subModel(
        model,
        graph.node.filter((node) => nodes.has(node)),
        {
          inputs: [value(weight, tensor.dataType, dimsOf(tensor)), ...known],
          outputs,
          initializers: [...initializers].filter((one) => one !== tensor),
        },
      );
    },
  };

  /** A constant comes along with what makes it; anything else is an input of the part. */
  function take(name: string): void {
    const tensor = stored.get(name);
    if (tensor) {
      initializers.add(tensor);
      return;
    }
    if (!resolve(name, main)) {
      boundary.add(name);
      return;
    }
    const { nodes: behind, sources } = nodesBehind(name, makers);
    for (const node of behind) nodes.add(node);
    for (const source of sources) if (stored.has(source)) initializers.add(stored.get(source)!);
  }
}
