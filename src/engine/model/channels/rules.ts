import type { NodeProto } from 'onnx-buf';
import { attributeOf, intOf, intsOf } from '../onnx/attributes';
import type { Flow } from './graph';

/** Where a value holds the channels: an axis counted from the end, −1 being the last. */
export interface Carrier {
  readonly name: string;
  readonly axis: number;
}

/** A constant operand with one entry, or one run of entries, for each channel. */
export interface Parameter {
  readonly node: NodeProto;
  readonly input: number;
  /** Counted from the end. */
  readonly axis: number;
}

export interface Count {
  /** How many units there are: what may go as a whole. */
  readonly units: number;
  /** How many channels the first layer makes. */
  readonly channels: number;
}

/** What a node passes on of a channel axis that one of its values carries. */
export interface Passing {
  /** Everything that carries the channels at this node, results and operands. */
  readonly carriers: readonly Carrier[];
  readonly parameters?: readonly Parameter[];
  /** A depthwise convolution counts its channels in an attribute, a Reshape in its shape. */
  readonly edit?: Edit;
  /** The channels only come in runs of such a number, one run a unit: heads. */
  readonly units?: number;
}

export type Edit =
  | { readonly kind: 'group'; readonly node: NodeProto }
  /** Entry `at` of the Reshape's shape, counted from the end, is a multiple of the number of units. */
  | { readonly kind: 'shape'; readonly node: NodeProto; readonly at: number };

const UNARY = new Set(
  'Relu Sigmoid Tanh Erf Gelu LeakyRelu HardSigmoid HardSwish Elu Selu Celu Softplus Softsign Mish Clip Abs Neg Exp Log Sqrt Reciprocal Identity Dropout Cast Not'.split(
    ' ',
  ),
);
const BROADCASTING = new Set('Add Sub Mul Div Pow Max Min Mean Sum Where PRelu'.split(' '));
const POOLING = new Set('MaxPool AveragePool GlobalAveragePool GlobalMaxPool LpPool GlobalLpPool'.split(' '));
const NORMALISING = new Set(['BatchNormalization', 'InstanceNormalization']);

/**
 * What `node` does with channels that lie along `axis` of its operand or result `name`. A string says why it can't be
 * followed, as the end of a sentence.
 */
export function passing(flow: Flow, node: NodeProto, { name, axis }: Carrier, count: Count): Passing | string {
  const { opType } = node;
  const [first, second] = node.input as [string, string];
  const result = node.output[0]!;
  const here = (from: string, to: string) => [
    { name: from, axis },
    { name: to, axis },
  ];
  if (UNARY.has(opType)) return { carriers: here(first, result) };
  if (BROADCASTING.has(opType)) return broadcasting(flow, node, axis);
  if (POOLING.has(opType)) {
    // Channels are axis 1; a pooled axis is one of those behind it, of which there is at least one.
    return axis < -1 ? { carriers: here(first, result) } : `${opType} mixes them`;
  }
  if (NORMALISING.has(opType)) {
    // Channels are axis 1, and an instance has positions behind them.
    if (opType === 'InstanceNormalization' && axis === -1) return 'InstanceNormalization runs over them';
    const parameters = node.input.slice(1).map((_, i) => ({ node, input: i + 1, axis: -1 }));
    return { carriers: here(first, result), parameters };
  }
  if (opType === 'Conv') return depthwise(flow, node, axis);
  if (opType === 'Softmax') {
    // Below opset 13 it runs over all axes from 1 on where none is given.
    if (!attributeOf(node, 'axis')) return 'Softmax may run over them';
    const along = intOf(node, 'axis', -1);
    return along === -1 && axis < -1 ? { carriers: here(first, result) } : followed(flow, node, axis, along);
  }
  if (opType === 'MatMul') {
    if (axis > -3) return 'a product of two computed values sums over them';
    return { carriers: [...here(first, result), { name: second, axis }] };
  }
  if (opType === 'Transpose') return transposed(node, name, axis);
  if (opType === 'Flatten') {
    // Channels must be axis 1, with the positions behind them: those of a convolution. [n, t, C] would interleave them.
    if (name !== first || axis > -3 || intOf(node, 'axis', 1) !== 1)
      return 'they are flattened in a way that is not handled';
    return {
      carriers: [
        { name: first, axis },
        { name: result, axis: -1 },
      ],
    };
  }
  if (opType === 'Reshape') return reshaped(flow, node, { name, axis }, count);
  return `${opType} does something with them that is not handled`;
}

/** Softmax along a counted axis is fine where the rank shows that it is the last. */
function followed(flow: Flow, node: NodeProto, axis: number, along: number): Passing | string {
  const rank = rankBehind(flow, node.input[0]!);
  const last = rank !== undefined && along === rank - 1;
  if (!last || axis === -1) return 'Softmax runs over them';
  return { carriers: [node.input[0]!, node.output[0]!].map((name) => ({ name, axis })) };
}

/** The rank of a value that came through a Transpose a few nodes back. */
function rankBehind(flow: Flow, name: string, steps = 8): number | undefined {
  const node = flow.makerOf(name);
  if (!node || steps === 0) return undefined;
  const perm = node.opType === 'Transpose' ? intsOf(node, 'perm') : undefined;
  if (perm) return perm.length;
  for (const input of node.input) {
    const found = flow.constant(input) ? undefined : rankBehind(flow, input, steps - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function broadcasting(flow: Flow, node: NodeProto, axis: number): Passing | string {
  const carriers: Carrier[] = [{ name: node.output[0]!, axis }];
  const parameters: Parameter[] = [];
  for (const [input, name] of node.input.entries()) {
    if (name === '') continue;
    if (flow.size(name, axis) === 1) continue;
    if (flow.constant(name)) parameters.push({ node, input, axis });
    else carriers.push({ name, axis });
  }
  return { carriers, parameters };
}

/** One filter a channel: the kernel [C, 1, …] and the bias are parameters, and the attribute counts them. */
function depthwise(flow: Flow, node: NodeProto, axis: number): Passing | string {
  const [x, weight, bias] = node.input as [string, string, string | undefined];
  const kernel = flow.constant(weight);
  if (kernel?.tensor.dims[1] !== 1n || intOf(node, 'group', 1) !== Number(kernel.tensor.dims[0]))
    return 'a grouped convolution takes them';
  const rank = kernel.tensor.dims.length;
  return {
    carriers: [x, node.output[0]!].map((name) => ({ name, axis })),
    parameters: [{ node, input: 1, axis: -rank }, ...(bias ? [{ node, input: 2, axis: -1 }] : [])],
    edit: { kind: 'group', node },
  };
}

function transposed(node: NodeProto, name: string, axis: number): Passing | string {
  const perm = intsOf(node, 'perm');
  if (!perm) return 'a Transpose without a permutation takes them';
  const rank = perm.length;
  const [first, result] = [node.input[0]!, node.output[0]!];
  const [from, to] = name === first ? [axis + rank, perm.indexOf(axis + rank)] : [perm[axis + rank]!, axis + rank];
  return {
    carriers: [
      { name: first, axis: from - rank },
      { name: result, axis: to - rank },
    ],
  };
}

/**
 * [.., H·d] → [.., H, d] and back, channels being runs of d; or [N, C, …] → [N, C·…]. The target's last entries must be
 * constants: the count of channels in it has to change.
 */
function reshaped(flow: Flow, node: NodeProto, { name, axis }: Carrier, { units, channels }: Count): Passing | string {
  const unhandled = 'a Reshape takes them in a way that is not handled';
  const [first, shape] = node.input as [string, string];
  const target = targetOf(flow, shape);
  if (!target) return unhandled;
  const result = node.output[0]!;
  const [secondLast, last] = [target.at(-2), target.at(-1)];
  const forwards = name === first;
  // The heads, split off the last axis.
  if (axis === (forwards ? -1 : -2) && secondLast !== undefined && secondLast > 1 && last !== undefined && last > 0) {
    if (target.length < 3) return unhandled;
    const carriers = [
      { name: first, axis: -1 },
      { name: result, axis: -2 },
    ];
    return { carriers, edit: { kind: 'shape', node, at: -2 }, ...(units !== secondLast && { units: secondLast }) };
  }
  // The heads, merged into it.
  const whole = last === -1 || last === channels;
  if (axis === (forwards ? -2 : -1) && target.length >= 3 && last !== undefined && whole) {
    const carriers = [
      { name: first, axis: -2 },
      { name: result, axis: -1 },
    ];
    return { carriers, ...(last > 0 && { edit: { kind: 'shape', node, at: -1 } as const }) };
  }
  // Channels and positions, flattened.
  if (forwards && axis <= -3 && target.length === 2 && last !== undefined && last % units === (last < 0 ? last : 0)) {
    const carriers = [
      { name: first, axis },
      { name: result, axis: -1 },
    ];
    return { carriers, ...(last > 0 && { edit: { kind: 'shape', node, at: -1 } as const }) };
  }
  return unhandled;
}

/** The shape that a Reshape asks for; undefined entries are computed. */
export function targetOf(flow: Flow, shape: string): (number | undefined)[] | undefined {
  const whole = flow.numbers(shape);
  if (whole) return whole;
  const node = flow.makerOf(shape);
  if (node?.opType !== 'Concat') return undefined;
  const parts: (number | undefined)[] = [];
  for (const input of node.input) {
    const known = flow.numbers(input);
    // A computed part is one entry wherever exporters write it so: Unsqueeze of a Gather of a Shape.
    if (known) parts.push(...known);
    else if (flow.makerOf(input)?.opType === 'Unsqueeze') parts.push(undefined);
    else return undefined;
  }
  return parts;
}
