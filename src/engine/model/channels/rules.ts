import type { NodeProto } from 'onnx-buf';
import { layerOperatorOf } from '../layerOperators/roles';
import { attributeOf, intOf, intsOf } from '../onnx/attributes';
import { axesReduced } from '../shapes/operators';
import type { Flow } from './graph';
import type { Carrier, Parameter, Passing } from './passing';
import { reshaped, viewed } from './reshapes';

const words = (text: string) => new Set(text.split(' '));

const UNARY = words(
  'Relu Sigmoid Tanh Erf Gelu LeakyRelu HardSigmoid HardSwish Elu Selu Celu Softplus Softsign Mish Clip Abs Neg Exp Log Sqrt Reciprocal Identity Dropout Cast Not',
);
const BROADCASTING = words('Add Sub Mul Div Pow Max Min Mean Sum Where PRelu');
const POOLING = words('MaxPool AveragePool GlobalAveragePool GlobalMaxPool LpPool GlobalLpPool');
const NORMALISING = words('BatchNormalization InstanceNormalization');
const SOFTMAX = words('Softmax LogSoftmax');
const REDUCING = words('ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare');

/** From this version on a Softmax runs over one axis; before, over all from there on. */
const SOFTMAX_OF_ONE_AXIS = 13;

/**
 * What `node` does with `units` groups of channels that lie along `axis` of its operand or result `name`. Only what the
 * operator and the proved shapes show is followed: a string says why not, as the end of a sentence.
 */
export function passing(flow: Flow, node: NodeProto, carrier: Carrier, units: number): Passing | string {
  const { opType } = node;
  const { name, axis } = carrier;
  const [first, second] = node.input as [string, string];
  const result = node.output[0]!;
  const isKnown = node.domain === '' || node.domain === 'ai.onnx' || layerOperatorOf(node);
  if (!isKnown) return `${node.domain}.${opType} does something with them that is not handled`;
  if (opType === 'Shape') return measured(flow, node, carrier);
  // Masks and indices of channels, statistics: nothing follows them.
  if (node.output.slice(1).some((other) => flow.isRead(other))) return `${opType} makes more than one value of them`;
  if (BROADCASTING.has(opType)) return broadcasting(flow, node, axis);
  const passes = layerOperatorOf(node)?.passes;
  if (passes === 'matrices') return multiplied(flow, node, carrier);
  // All others take them as their first operand.
  if (name !== first && name !== result) return `${opType} takes them in another way`;
  const through = [
    { name: first, axis },
    { name: result, axis },
  ];
  if (UNARY.has(opType)) return { carriers: through };
  const rank = flow.shapes.rank(name);
  const index = rank === undefined ? undefined : rank + axis;
  if (POOLING.has(opType))
    return index === 1 ? { carriers: through } : `the graph does not show that ${opType} keeps them apart`;
  if (NORMALISING.has(opType)) return normalised(node, index, rank) ?? { carriers: through, parameters: rowsOf(node) };
  if (passes === 'channels') return depthwise(flow, node, carrier);
  if (SOFTMAX.has(opType)) return throughSoftmax(flow, node, rank, axis) ?? { carriers: through };
  if (REDUCING.has(opType)) return reduced(flow, node, carrier);
  if (opType === 'Transpose') return transposed(node, carrier, rank);
  if (opType === 'Reshape') return reshaped(flow, node, carrier, units);
  if (opType === 'Flatten' || opType === 'Unsqueeze' || (opType === 'Squeeze' && (second || intsOf(node, 'axes'))))
    return viewed(flow, node, carrier, units);
  return `${opType} does something with them that is not handled`;
}

/** Entry by entry: operands that have one entry for all channels are left out. */
function broadcasting(flow: Flow, node: NodeProto, axis: number): Passing {
  const carriers: Carrier[] = [{ name: node.output[0]!, axis }];
  const parameters: Parameter[] = [];
  for (const [input, name] of node.input.entries()) {
    if (name === '' || flow.size(name, axis) === 1) continue;
    if (flow.constant(name)) parameters.push({ node, input, axis });
    else carriers.push({ name, axis });
  }
  return { carriers, parameters };
}

/** A product of two computed values: channels that number the matrices stay apart, as heads do. */
function multiplied(flow: Flow, node: NodeProto, { axis }: Carrier): Passing | string {
  if (axis > -3) return 'a product of two computed values sums over them';
  const [a, b] = node.input as [string, string];
  const operands = [a, b].filter((name) => flow.size(name, axis) !== 1);
  return { carriers: [...operands, node.output[0]!].map((name) => ({ name, axis })) };
}

const rowsOf = (node: NodeProto): Parameter[] => node.input.slice(1).map((_, i) => ({ node, input: i + 1, axis: -1 }));

/** Why a normalisation does not keep channels apart with parameters for each. Its channels are axis 1. */
function normalised(node: NodeProto, index: number | undefined, rank: number | undefined): string | undefined {
  if (index !== 1 || rank === undefined)
    return `${node.opType} runs over another axis, or the graph does not show which`;
  if (node.opType === 'InstanceNormalization') return rank < 3 ? `${node.opType} runs over them` : undefined;
  if (intOf(node, 'training_mode', 0) === 1) return 'BatchNormalization is in training';
  return intOf(node, 'spatial', 1) === 0 ? 'BatchNormalization has parameters for each position' : undefined;
}

/** One filter a channel: the kernel [C, 1, …] and the bias are parameters, and the attribute counts them. */
function depthwise(flow: Flow, node: NodeProto, { axis }: Carrier): Passing | string {
  const [x, weight, bias] = node.input as [string, string, string | undefined];
  const kernel = flow.constant(weight);
  if (kernel?.tensor.dims[1] !== 1n || intOf(node, 'group', 1) !== Number(kernel.tensor.dims[0]))
    return 'a grouped convolution takes them';
  const rank = kernel.tensor.dims.length;
  if (axis !== 1 - rank) return 'a grouped convolution takes them along another axis';
  return {
    carriers: [x, node.output[0]!].map((name) => ({ name, axis })),
    parameters: [{ node, input: 1, axis: -rank }, ...(bias ? [{ node, input: 2, axis: -1 }] : [])],
    edit: { kind: 'group', node },
  };
}

function throughSoftmax(flow: Flow, node: NodeProto, rank: number | undefined, axis: number): string | undefined {
  if (rank === undefined) return `${node.opType} may run over them`;
  const one = flow.shapes.opset >= SOFTMAX_OF_ONE_AXIS;
  const given = intOf(node, 'axis', one ? -1 : 1);
  const [along, index] = [given < 0 ? given + rank : given, rank + axis];
  return (one ? along === index : along <= index) ? `${node.opType} runs over them` : undefined;
}

function reduced(flow: Flow, node: NodeProto, { name, axis }: Carrier): Passing | string {
  const [first, result] = [node.input[0]!, node.output[0]!];
  const [rank, axes] = [flow.shapes.rank(first), axesReduced(flow.shapes, node)];
  if (rank === undefined || !axes) return `the graph does not show over which axes ${node.opType} runs`;
  const gone = new Set(axes.map((one) => (one < 0 ? one + rank : one)));
  if (intOf(node, 'keepdims', 1) === 1)
    return gone.has(rank + axis)
      ? `${node.opType} sums over them`
      : { carriers: [first, result].map((each) => ({ name: each, axis })) };
  const left = Array.from({ length: rank }, (_, i) => i).filter((i) => !gone.has(i));
  const from = name === first ? rank + axis : left.at(axis);
  const to = from === undefined ? -1 : left.indexOf(from);
  if (from === undefined || to < 0) return `${node.opType} sums over them`;
  return {
    carriers: [
      { name: first, axis: from - rank },
      { name: result, axis: to - left.length },
    ],
  };
}

function transposed(node: NodeProto, { name, axis }: Carrier, known: number | undefined): Passing | string {
  const given = intsOf(node, 'perm');
  const rank = given?.length ?? known;
  if (rank === undefined) return 'the graph does not show how many axes a Transpose turns';
  const perm = given ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const [first, result] = [node.input[0]!, node.output[0]!];
  const [from, to] = name === first ? [axis + rank, perm.indexOf(axis + rank)] : [perm[axis + rank]!, axis + rank];
  return {
    carriers: [
      { name: first, axis: from - rank },
      { name: result, axis: to - rank },
    ],
  };
}

/** A Shape of the channels is harmless where nobody reads how many there are. */
function measured(flow: Flow, node: NodeProto, { name, axis }: Carrier): Passing | string {
  const rank = flow.shapes.rank(name);
  const [result] = node.output;
  const seen = 'their number is read by a Shape';
  if (rank === undefined || flow.leaves(result!) || attributeOf(node, 'start') || attributeOf(node, 'end')) return seen;
  const isHarmless = flow.usersOf(result!).every(({ node: user, input }) => {
    if (input !== 0) return false;
    const read = user.opType === 'Gather' ? flow.numbers(user.input[1]!) : entriesSliced(flow, user, rank);
    return read?.every((at) => (at < 0 ? at + rank : at) !== rank + axis) ?? false;
  });
  return isHarmless ? { carriers: [] } : seen;
}

/** Which entries a Slice of a list takes; undefined: not known. */
function entriesSliced(flow: Flow, node: NodeProto, length: number): number[] | undefined {
  if (node.opType !== 'Slice') return undefined;
  const [, starts, ends, axes, steps] = node.input;
  const [from] = (starts ? flow.numbers(starts) : intsOf(node, 'starts')) ?? [];
  const [to] = (ends ? flow.numbers(ends) : intsOf(node, 'ends')) ?? [];
  if (from === undefined || to === undefined || (steps && flow.numbers(steps)?.[0] !== 1)) return undefined;
  if (axes && ![0, -1].includes(flow.numbers(axes)?.[0] ?? 1)) return undefined;
  return Array.from({ length }, (_, i) => i).slice(from, to);
}
