import type { LongCall } from '../core/progress';
import { type ConstantGraph, constantGraphs } from '../model/constantGraphs';
import type { Model } from '../model/model';
import { Rewrite } from '../model/rewrite';
import { scopeOf } from '../model/scopes';
import { readBy, subModel } from '../model/subModel';
import { dataTypeCalled } from '../model/tensors';
import type { HostTensor, Provider, Runtime, Session } from '../runtime';
import { openModel } from './openModel';

/** A value that is computed from fewer bytes is not worth a session of its own. */
const LEAST = 1 << 14;

/**
 * Opens a session that computes the same as the model, bit for bit and at the same speed, but takes less memory to
 * open. Each weight that is rebuilt at load is computed first, one after the other, and given to the session as a dense
 * weight beside the graph. The runtime itself would keep every intermediate value until all weights are folded. Weights
 * that are factored or rebuilt at use stay as they are.
 */
export async function openFolded(
  model: Model,
  runtime: Runtime,
  provider: Provider,
  call: LongCall = {},
): Promise<Session> {
  const folded = runtime.externalData ? await foldedModel(model, runtime, call) : model;
  return openModel(folded, runtime, { ...call, provider });
}

/** The model with its large constant sub-graphs computed; the same model where it has none. */
export async function foldedModel(model: Model, runtime: Runtime, { signal }: LongCall = {}): Promise<Model> {
  const { graph } = model;
  const found = constantGraphs(graph, model.proto.irVersion >= 4n);
  const large = found.filter(({ storedBytes }) => storedBytes >= LEAST);
  if (large.length === 0) return model;
  const main = scopeOf(model);
  const rewrite = new Rewrite(model, main);
  for (const part of large) {
    signal?.throwIfAborted();
    const { type, dims, data } = await computed(part, model, runtime);
    const { buffer, byteOffset, byteLength } = data as Uint8Array<ArrayBuffer>;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    rewrite.addConstant(main, part.output, dims, dataTypeCalled(type), bytes);
  }
  const others = new Set(found.filter((part) => !large.includes(part)).flatMap(({ nodes }) => nodes));
  const gone = new Set(large.flatMap(({ nodes }) => nodes).filter((node) => !others.has(node)));
  for (const node of gone) rewrite.replace(node, []);
  const read = new Set(graph.node.filter((node) => !gone.has(node)).flatMap((node) => [...readBy(node)]));
  for (const { name } of graph.output) read.add(name);
  for (const tensor of new Set(large.flatMap(({ initializers }) => initializers))) {
    if (!read.has(tensor.name)) rewrite.dropWeight({ tensor });
  }
  return rewrite.finish();
}

/** The value of a constant sub-graph, as the runtime computes it: on its CPU kernels, with which it folds as well. */
async function computed({ output, nodes, initializers }: ConstantGraph, model: Model, runtime: Runtime) {
  const session = await openModel(subModel(model, nodes, { inputs: [], outputs: [output], initializers }), runtime);
  try {
    return (await session.run({}))[output] as HostTensor;
  } finally {
    await session.release();
  }
}
