import type { NodeProto } from 'onnx-buf';
import type { Model } from './model';
import { floatOf, subgraphsOf } from './onnx/attributes';
import { resolve, type Scope, scopeOf, scopesIn } from './scopes';
import { inlineBytes } from './tensors';

/** A node that draws at random each time the model runs. */
export interface RandomNode {
  readonly op: string;
  /** Its name, or that of its output. */
  readonly name: string;
}

const DRAWING = new Set([
  'Bernoulli',
  'Multinomial',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
]);

/** The nodes that draw at random, in sub-graphs and functions too: with them a model gives two answers to one input. */
export function randomNodes(model: Model): RandomNode[] {
  const found: RandomNode[] = [];
  for (const scope of scopesIn(scopeOf(model)))
    for (const node of scope.graph.node) if (draws(node, scope)) found.push(named(node));
  for (const { node: nodes } of model.proto.functions)
    for (const node of everyNode(nodes)) if (draws(node)) found.push(named(node));
  return found;
}

const named = ({ opType: op, name, output }: NodeProto): RandomNode => ({ op, name: name || (output[0] ?? op) });

function* everyNode(nodes: readonly NodeProto[]): Generator<NodeProto> {
  for (const node of nodes) {
    yield node;
    for (const { graph } of subgraphsOf(node)) yield* everyNode(graph.node);
  }
}

function draws(node: NodeProto, scope?: Scope): boolean {
  const { opType, domain } = node;
  if (domain !== '' && domain !== 'ai.onnx') return false;
  if (opType === 'Dropout') return isTraining(node, scope);
  if (!DRAWING.has(opType)) return false;
  // One that can only draw a single value draws nothing: rebuilt weights are kept from folding by such a node.
  if (opType.startsWith('RandomUniform')) return floatOf(node, 'low', 0) !== floatOf(node, 'high', 1);
  if (opType.startsWith('RandomNormal')) return floatOf(node, 'scale', 1) !== 0;
  return true;
}

/**
 * Dropout drops only where its third input says that it trains: a constant true, or something that a caller decides.
 */
function isTraining({ input }: NodeProto, scope: Scope | undefined): boolean {
  const mode = input[2];
  if (!mode) return false;
  const constant = scope && resolve(mode, scope);
  return constant ? inlineBytes(constant.tensor)[0] === 1 : true;
}
