import type { NodeProto, TensorProto } from 'onnx-buf';
import { type Role, roleOf } from './layerOperators/roles';
import type { Model } from './model';
import { DataType } from './onnx/build';
import { packedOf } from './packed';
import type { LayerReport } from './report';
import { type Constant, isPassage, resolve, type Scope, scopeOf, scopesIn } from './scopes';
import { bytesOf, dimsOf, dtypeName, elementsOf } from './tensors';

/** A weight with its consumers. It is compressed once, however many nodes use it. */
export interface Layer extends Omit<LayerReport, 'consumers'> {
  readonly tensor: TensorProto;
  readonly home: Scope;
  readonly holder?: NodeProto;
  readonly uses: readonly Use[];
  /** Whether the tensor is stored as [in, out], the transpose of `shape`. */
  readonly stored: 'as shape' | 'transposed';
  /** The type or form in which it is stored where it is quantised already: "int8". */
  readonly quantised?: string;
  /**
   * Why no method may change it, not even together with other layers. A layer that is merely too small has no such
   * reason.
   */
  readonly unhandled?: string;
}

/** One node that consumes a weight. */
export interface Use {
  readonly node: NodeProto;
  readonly scope: Scope;
  readonly input: number;
  /** undefined where the operator is not handled. */
  readonly role?: Role;
  readonly castTo?: number;
  /** Whether this node's [out, in] matrix is the transpose of the tensor as stored. */
  readonly transposed: boolean;
}

/** The name of what a use applies the weight to. */
export const operandOf = ({ node, input }: Pick<Use, 'node' | 'input'>): string =>
  node.input[input === 0 ? 1 : 0] ?? '';

/** The name of the bias that a use adds; '' where it adds none. */
export const biasOf = ({ node, role }: Use): string => node.input[role?.operator.bias?.input ?? -1] ?? '';

/**
 * A tensor below this many elements that no handled operator uses (a scale, a bias, a table of shapes) is not listed.
 */
const LISTED = 1024;

/** Bytes that two more nodes and two tensor headers add to a file, about. */
const OVERHEAD = 256;

/**
 * The first version with the operators that compressed weights are written in. Before it, operands broadcast along an
 * axis that an attribute names, and a Cast names its type with a word. onnxruntime has no Gemm of those versions
 * either.
 */
const LEAST_OPSET = 7;

const QUANTISED = new Set([
  'int8',
  'uint8',
  'int4',
  'uint4',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
]);

/** A model with its main graph and layers. Layers keep their ids when a step cuts units out of them. */
export interface ModelLayers {
  readonly model: Model;
  readonly main: Scope;
  readonly layers: readonly Layer[];
}

const found = new WeakMap<Model, ModelLayers>();

/** The model's main graph and its layers. They are looked for once: a model does not change. */
export function layersIn(model: Model): ModelLayers {
  const known = found.get(model);
  if (known) return known;
  const main = scopeOf(model);
  const fresh = { model, main, layers: layersOf(main) };
  found.set(model, fresh);
  return fresh;
}

/** The model's layers in the order in which their first consumers stand in the graph. */
export function layersOf(main: Scope): Layer[] {
  const uses = new Map<TensorProto, { constant: Constant; uses: Use[] }>();
  const outputs = new Set<TensorProto | undefined>();
  for (const scope of scopesIn(main)) {
    for (const { name } of scope.graph.output) outputs.add(resolve(name, scope)?.tensor);
    for (const node of scope.graph.node) {
      if (isPassage(node, scope)) continue;
      node.input.forEach((name, input) => {
        const constant = name === '' ? undefined : resolve(name, scope);
        if (!constant) return;
        const known = uses.get(constant.tensor) ?? { constant, uses: [] };
        const packed = packedOf(node, scope);
        // Scales and zero points belong to the layer of the codes.
        if (packed && constant.tensor !== packed.tensors[0]) return;
        known.uses.push(consumerOf(node, scope, input, constant));
        uses.set(constant.tensor, known);
      });
    }
  }
  return [...uses.values()].flatMap(({ constant, uses }) => layerOf(constant, uses, outputs) ?? []);
}

// The runtime computes a constant expression once, so compressing it gains nothing. A DequantizeLinear is a quantised
// weight.
const isConstantExpression = (node: NodeProto, scope: Scope): boolean => {
  const known = judged.get(scope) ?? new Map<NodeProto, boolean>();
  judged.set(scope, known);
  // Kept for each node: the question comes up for each of its inputs, and a Concat may have thousands.
  const found =
    known.get(node) ??
    (node.opType !== 'DequantizeLinear' && node.input.every((name) => name === '' || isFixed(resolve(name, scope))));
  known.set(node, found);
  return found;
};

const judged = new WeakMap<Scope, Map<NodeProto, boolean>>();

const isFixed = (constant: Constant | undefined): boolean => constant !== undefined && !constant.overridable;

function consumerOf(node: NodeProto, scope: Scope, input: number, constant: Constant): Use {
  const role = isConstantExpression(node, scope) ? undefined : roleOf(node, input, constant.tensor);
  return {
    node,
    scope,
    input,
    transposed: role !== undefined && constant.transposed !== role.transposed,
    ...(role && { role }),
    ...(constant.castTo !== undefined && { castTo: constant.castTo }),
  };
}

function layerOf(
  { tensor, home, holder, overridable }: Constant,
  uses: readonly Use[],
  outputs: ReadonlySet<TensorProto | undefined>,
): Layer | undefined {
  const dims = dimsOf(tensor);
  const dtype = dtypeName(tensor.dataType);
  const handled = uses.some((use) => use.role);
  const quantised = QUANTISED.has(dtype);
  if (!dtype.includes('float') && !quantised) return undefined;
  if (dims.length < 2 || (!handled && elementsOf(tensor) < LISTED)) return undefined;
  if (uses.every(({ node, scope }) => isConstantExpression(node, scope))) return undefined;

  const first = uses.find((use) => use.role) ?? uses[0]!;
  const weight = holder ? ((tensor.name || holder.output[0]) ?? '') : tensor.name;
  const transposed = first.transposed;
  const shape = transposed ? [...dims.slice(0, -2), dims.at(-1)!, dims.at(-2)!] : dims;
  const packed = packedOf(first.node, first.scope);
  const unhandled = packed
    ? `${packed.form}, already quantised`
    : overridable
      ? 'also an input of the graph, so that whoever runs the model may give another weight'
      : home.opset < LEAST_OPSET
        ? `the model's operators are of opset ${home.opset}, and compressed weights need ${LEAST_OPSET} or later: convert the model first`
        : whyUnhandled(tensor, dtype, quantised, uses, outputs.has(tensor));
  const reason = unhandled ?? whyTooSmall(tensor, shape);
  return {
    id: `${home.path}${holder ? (holder.output[0] ?? '') : tensor.name}`,
    name: first.node.name || weight,
    weight,
    op: first.node.opType,
    shape: packed?.shape ?? shape,
    parameters: packed ? packed.shape[0] * packed.shape[1] : elementsOf(tensor),
    bytes: (packed?.tensors ?? [tensor]).reduce((sum, one) => sum + bytesOf(one), 0),
    dtype,
    compressible: reason === undefined,
    ...(reason !== undefined && { reason }),
    ...(unhandled !== undefined && { unhandled }),
    ...((packed || quantised) && { quantised: packed?.form ?? dtype }),
    tensor,
    home,
    ...(holder && { holder }),
    uses,
    stored: transposed ? 'transposed' : 'as shape',
  };
}

function whyUnhandled(
  tensor: TensorProto,
  dtype: string,
  quantised: boolean,
  uses: readonly Use[],
  output: boolean,
): string | undefined {
  if (quantised) return `already quantised (${dtype})`;
  for (const { role, node, castTo } of uses) {
    if (!role) return `used by ${node.opType} in a way that is not handled yet`;
    if (role.unhandled) return role.unhandled;
    if (castTo !== undefined && castTo !== DataType.FLOAT && castTo !== DataType.FLOAT16)
      return `cast to ${dtypeName(castTo)} before it is used, which is not handled yet`;
  }
  if (tensor.dataType !== DataType.FLOAT && tensor.dataType !== DataType.FLOAT16)
    return `stored as ${dtype}, which is not handled yet`;
  if (new Set(uses.map(({ role }) => role!.kind === 'conv')).size > 1)
    return 'used by convolutions and by other operators at once';
  return output ? 'also an output of the graph' : undefined;
}

function whyTooSmall(tensor: TensorProto, shape: readonly number[]): string | undefined {
  const [out, inner, ...kernel] = shape as [number, number, ...number[]];
  const smallest = out + inner + kernel.reduce((product, size) => product * size, 1) * (kernel.length > 0 ? 1 : 0);
  const tooSmall =
    bytesOf(tensor) <= OVERHEAD || (bytesOf(tensor) / elementsOf(tensor)) * (elementsOf(tensor) - smallest) <= OVERHEAD;
  return tooSmall ? 'too small: even rank 1 would not make up for the nodes it adds' : undefined;
}
