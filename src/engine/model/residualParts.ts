import type { NodeProto, TensorProto } from 'onnx-buf';
import { Flow } from './channels/graph';
import type { Layer } from './layers';
import { type Model, opsetOf } from './model';
import { node as makeNode } from './onnx/build';
import { Rewrite } from './rewrite';
import { resolve, type Scope, scopesIn } from './scopes';
import type { InferredShapes } from './shapes/inferredShapes';
import { equal } from './shapes/size';
import { makersIn, nodesBehind } from './subModel';

/** What a part is, by the operators in it. */
export type PartKind = 'attention' | 'MLP' | 'convolutions';

/**
 * A part of a model that adds to its own input: y = x + f(x), as attention, an MLP or a residual block does. Without f
 * the model still runs: y = x.
 */
export interface ResidualPart {
  /** The path that the names of its layers share, or its first and last layer. */
  readonly name: string;
  readonly kind: PartKind;
  /** Names of x and y. */
  readonly input: string;
  readonly output: string;
  /** The node that adds. */
  readonly sum: NodeProto;
  /** The nodes of f that nothing else needs, in the order of the graph. */
  readonly nodes: readonly NodeProto[];
  /** Layers that only these nodes use, in model order. At least one. */
  readonly layers: readonly Layer[];
}

/**
 * The residual parts of a model's main graph, in its order. A part may lie inside another one: the f of a long skip holds
 * all that it skips. Sums whose two sides are not known to have equal shapes are none: leaving one out could change the
 * shape of the other.
 */
export function residualParts(model: Model, main: Scope, layers: readonly Layer[]): ResidualPart[] {
  const { graph } = main;
  const flow = new Flow(main, opsetOf(model));
  const makers = makersIn(graph);
  const place = new Map(graph.node.map((node, at) => [node, at]));
  const parts: ResidualPart[] = [];
  for (const sum of graph.node) {
    if (sum.opType !== 'Add' || sum.domain !== '' || sum.input.length !== 2) continue;
    const [a, b] = sum.input as [string, string];
    if (resolve(a, main) || resolve(b, main) || a === b) continue;
    if (!sameShape(flow.shapes, a, b)) continue;
    const part = partOf(sum, a, b) ?? partOf(sum, b, a);
    if (part) parts.push(part);
  }
  return named(parts);

  /** The part that adds `added`, which must follow from `input`. */
  function partOf(sum: NodeProto, input: string, added: string): ResidualPart | undefined {
    const { nodes: behind, sources } = nodesBehind(added, makers, new Set([input]));
    if (!sources.has(input)) return undefined;
    const nodes = onlyFor(sum, behind);
    const own = layers.filter(({ uses }) => uses.every(({ node, scope }) => scope === main && nodes.has(node)));
    if (own.length === 0) return undefined;
    const inOrder = [...nodes].sort((one, other) => place.get(one)! - place.get(other)!);
    return {
      name: pathOf(own),
      kind: kindOf(inOrder, main),
      input,
      output: sum.output[0]!,
      sum,
      nodes: inOrder,
      layers: own,
    };
  }

  /** Nodes of `behind` whose values only such nodes and the sum read. */
  function onlyFor(sum: NodeProto, behind: ReadonlySet<NodeProto>): Set<NodeProto> {
    const only = new Set<NodeProto>();
    const last = [...behind].sort((one, other) => place.get(other)! - place.get(one)!);
    for (const node of last) {
      const isFree = node.output.every(
        (name) => !flow.leaves(name) && flow.usersOf(name).every(({ node: user }) => user === sum || only.has(user)),
      );
      if (isFree) only.add(node);
    }
    return only;
  }
}

/** The model without f of these parts: each sum hands its input on. Values and nodes that are left keep their names. */
export function dropParts(model: Model, main: Scope, parts: readonly ResidualPart[]): Model {
  const rewrite = new Rewrite(model, main);
  const gone = new Set(parts.flatMap(({ nodes }) => nodes));
  for (const node of gone) rewrite.replace(node, []);
  for (const { sum, input, output } of parts) {
    // A sum inside another part that is dropped goes with it.
    if (gone.has(sum)) continue;
    rewrite.replace(sum, [makeNode('Identity', [input], [output], {}, { name: sum.name })]);
  }
  rewrite.forgetShapes([...gone].flatMap(({ output }) => output));
  for (const tensor of unread(main, gone)) rewrite.dropWeight({ tensor });
  return rewrite.finish();
}

/** Stored tensors that only nodes that are gone have read. */
function unread(main: Scope, gone: ReadonlySet<NodeProto>): Set<TensorProto> {
  const before = new Set<TensorProto>();
  const still = new Set<TensorProto>();
  for (const scope of scopesIn(main)) {
    for (const { name } of scope.graph.output) note(still, name, scope);
    for (const node of scope.graph.node) {
      if (node.opType === 'Constant') continue;
      for (const name of node.input) note(scope === main && gone.has(node) ? before : still, name, scope);
    }
  }
  for (const tensor of still) before.delete(tensor);
  return before;

  function note(tensors: Set<TensorProto>, name: string, scope: Scope): void {
    const tensor = name === '' ? undefined : resolve(name, scope)?.tensor;
    if (tensor) tensors.add(tensor);
  }
}

function sameShape(shapes: InferredShapes, a: string, b: string): boolean {
  const [one, other] = [shapes.of(a), shapes.of(b)];
  return (
    one !== undefined &&
    other !== undefined &&
    one.length === other.length &&
    one.every((size, at) => equal(size, other[at]!))
  );
}

function kindOf(nodes: readonly NodeProto[], main: Scope): PartKind {
  const has = (...names: string[]) => nodes.some(({ opType }) => names.includes(opType));
  // Attention multiplies two values that it has computed: queries with keys.
  const isMixing = ({ opType, input }: NodeProto) =>
    opType === 'MatMul' && input.every((name) => resolve(name, main) === undefined);
  if (has('Attention', 'MultiHeadAttention', 'GroupQueryAttention') || (has('Softmax') && nodes.some(isMixing)))
    return 'attention';
  return has('Conv', 'ConvTranspose') ? 'convolutions' : 'MLP';
}

/** The longest run of whole path segments that the names of all layers share; '' where they share none. */
function pathOf(layers: readonly Layer[]): string {
  const [first, ...others] = layers.map(({ name }) => name.split(/(?<=[/.])/)) as [string[], ...string[][]];
  let shared = 0;
  while (shared < first.length - 1 && others.every((path) => path[shared] === first[shared])) shared++;
  return first.slice(0, shared).join('').replace(/[/.]$/, '');
}

/** Parts of one kind under one path are told apart by their layers. */
function named(parts: readonly ResidualPart[]): ResidualPart[] {
  return parts.map((part) => {
    const { name, kind, layers } = part;
    const isAlone = parts.every((other) => other === part || other.name !== name || other.kind !== kind);
    if (isAlone && name !== '') return part;
    const [first, last] = [layers[0]!.name, layers.at(-1)!.name];
    return { ...part, name: first === last ? first : `${first} … ${last}` };
  });
}
