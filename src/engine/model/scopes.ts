import type { GraphProto, NodeProto, TensorProto } from 'onnx-buf';
import { type Model, opsetOf } from './model';
import { attributeOf, intOf, intsOf, subgraphsOf } from './onnx/attributes';
import { dtypeName } from './tensors';

/** A graph and where it stands: sub-graphs see the values of the graphs around them. */
export interface Scope {
  readonly graph: GraphProto;
  /** Of the model's standard operators. */
  readonly opset: number;
  /** '' for the main graph, "12.then_branch/" for a graph inside its node 12. */
  readonly path: string;
  readonly parent?: Scope;
  readonly children: ReadonlyMap<NodeProto, readonly { readonly key: string; readonly scope: Scope }[]>;
  /** Constants that are stored in this very graph, by value name. */
  readonly constants: ReadonlyMap<string, Constant>;
}

/** A value that does not depend on the model's inputs: a stored tensor, seen through Transpose, Identity or Cast. */
export interface Constant {
  readonly tensor: TensorProto;
  /** Where the tensor is stored. */
  readonly home: Scope;
  /** The Constant node that holds it, if no initializer does. */
  readonly holder?: NodeProto;
  /** Whether an odd number of Transposes stands between the tensor and this value. */
  readonly transposed: boolean;
  /** Element type that a Cast on the way gives it (onnx data type). */
  readonly castTo?: number;
  /** What is stored is a default: a caller may feed another value, so that nothing may rely on this one. */
  readonly overridable?: true;
}

/** Initializers that are inputs too are defaults from this version on; before, every initializer had to be an input. */
const IR_WITH_DEFAULTS = 4n;

/** The main graph of a model. */
export const scopeOf = (model: Pick<Model, 'graph' | 'proto'>): Scope =>
  scopeOfGraph(model.graph, { opset: opsetOf(model), hasDefaults: model.proto.irVersion >= IR_WITH_DEFAULTS });

interface Versions {
  readonly opset: number;
  readonly hasDefaults: boolean;
}

function scopeOfGraph(graph: GraphProto, versions: Versions, path = '', parent?: Scope): Scope {
  const { opset, hasDefaults } = versions;
  const inputs = new Set(hasDefaults ? graph.input.map(({ name }) => name) : []);
  const constants = new Map<string, Constant>();
  const children = new Map<NodeProto, { key: string; scope: Scope }[]>();
  const scope: Scope = { graph, opset, path, constants, children, ...(parent && { parent }) };
  for (const tensor of graph.initializer) {
    const overridable = inputs.has(tensor.name) && { overridable: true as const };
    constants.set(tensor.name, { tensor, home: scope, transposed: false, ...overridable });
  }
  graph.node.forEach((node, index) => {
    const output = node.output[0];
    const constant = output === undefined ? undefined : constantOf(node, scope);
    if (output && constant) constants.set(output, constant);
    const inner = subgraphsOf(node);
    if (inner.length > 0) {
      children.set(
        node,
        inner.map(({ key, graph }) => ({
          key,
          scope: scopeOfGraph(graph, versions, `${path}${index}.${key}/`, scope),
        })),
      );
    }
  });
  return scope;
}

function constantOf(node: NodeProto, scope: Scope): Constant | undefined {
  if (node.domain !== '' && node.domain !== 'ai.onnx') return undefined;
  if (node.opType === 'Constant') {
    const tensor = attributeOf(node, 'value')?.t;
    return tensor && { tensor, home: scope, holder: node, transposed: false };
  }
  const source = node.input[0] === undefined ? undefined : resolve(node.input[0], scope);
  if (!source) return undefined;
  if (node.opType === 'Identity') return source;
  if (node.opType === 'Cast') {
    const castTo = intOf(node, 'to', 0);
    // Whole numbers: the factors' product would have to be rounded as the weight was.
    return dtypeName(castTo).includes('float') ? { ...source, castTo } : undefined;
  }
  if (node.opType === 'Transpose' && source.tensor.dims.length === 2) {
    const perm = intsOf(node, 'perm') ?? [1, 0];
    return perm[0] === 1 ? { ...source, transposed: !source.transposed } : source;
  }
  return undefined;
}

/** The constant that `name` stands for in `scope`, looked up outwards; undefined for a computed value or an input. */
export function resolve(name: string, scope: Scope): Constant | undefined {
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    const found = at.constants.get(name);
    if (found) return found;
  }
  return undefined;
}

/** `scope` and every scope inside it. */
export function* scopesIn(scope: Scope): Generator<Scope> {
  yield scope;
  for (const inner of scope.children.values()) for (const child of inner) yield* scopesIn(child.scope);
}

/** Whether a node of `scope` only hands a constant on; who uses the result is what counts. */
export const isPassage = (node: NodeProto, scope: Scope): boolean =>
  node.opType !== 'Constant' && scope.constants.has(node.output[0] ?? '');
