import type { NodeProto } from 'onnx-buf';
import { layerOperatorOf } from '../layerOperators/roles';
import { attributeOf, intOf, intsOf } from '../onnx/attributes';
import { broadcastShape } from './broadcast';
import { concatenated, padded, sliced, split } from './parts';
import type { KnownShapes, Shape } from './shape';
import { dimension, isDimension, known, numberOf, ONE, over, product, type Size, times } from './size';
import { pooled, resized } from './spatial';

/** Results that have the shape of the first operand. */
const SAME = new Set(
  (
    'Relu Sigmoid Tanh Erf Gelu LeakyRelu HardSigmoid HardSwish Elu Selu Celu Softplus Softsign Mish Clip Abs Neg Exp Log ' +
    'Sqrt Reciprocal Identity Dropout Cast CastLike Not Floor Ceil Round Sign Sin Cos Tan Sinh Cosh Asin Acos Atan Asinh ' +
    'Acosh Atanh IsNaN IsInf ThresholdedRelu PRelu BatchNormalization InstanceNormalization LayerNormalization ' +
    'GroupNormalization RMSNormalization LpNormalization MeanVarianceNormalization LRN Softmax LogSoftmax Hardmax ' +
    'QuantizeLinear DequantizeLinear CumSum Trilu ScatterElements ScatterND Scatter BitwiseNot Shrink'
  ).split(' '),
);
const BROADCAST = new Set(
  (
    'Add Sub Mul Div Pow Max Min Mean Sum Where Mod And Or Xor Equal Greater GreaterOrEqual Less LessOrEqual BitShift ' +
    'BitwiseAnd BitwiseOr BitwiseXor'
  ).split(' '),
);
const POOLING = new Set(['MaxPool', 'AveragePool', 'LpPool']);
const GLOBAL_POOLING = new Set(['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool']);
const MICROSOFT_SAME = new Set(['Gelu', 'QuickGelu', 'FastGelu', 'BiasGelu']);

/** From this version on operands broadcast as in numpy; before, an attribute says which axes meet. */
const BROADCASTING_OPSET = 7;

/** What is known of the shapes of a node's results, in their order. */
export function shapesMade(shapes: KnownShapes, node: NodeProto): readonly (Shape | undefined)[] {
  const operands = node.input.map((name) => shapes.of(name));
  const [first] = operands;
  const layerOperator = layerOperatorOf(node);
  if (layerOperator?.shapeOf) return [layerOperator.shapeOf(node, operands)];
  if (node.domain === 'com.microsoft') return MICROSOFT_SAME.has(node.opType) ? [first] : [];
  if (node.domain !== '' && node.domain !== 'ai.onnx') return [];
  if (SAME.has(node.opType)) return [first];
  if (node.opType === 'Split') return first ? split(shapes, node, first) : [];
  return [one(shapes, node, first)];
}

function one(shapes: KnownShapes, node: NodeProto, first: Shape | undefined): Shape | undefined {
  const { opType } = node;
  const result = node.output[0] ?? '';
  const all = node.input.map((name) => shapes.of(name));
  if (BROADCAST.has(opType)) {
    if (shapes.opset < BROADCASTING_OPSET || !all.every((shape) => shape !== undefined)) return undefined;
    return all.reduce((a, b) => broadcastShape(a, b, result));
  }
  if (POOLING.has(opType)) return first && pooled(node, first);
  if (GLOBAL_POOLING.has(opType)) return first?.map((size, axis) => (axis < 2 ? size : ONE));
  switch (opType) {
    case 'Constant':
      return intsOf(node, 'value_ints') ? [known(intsOf(node, 'value_ints')!.length)] : undefined;
    case 'Transpose':
      return (
        first && (intsOf(node, 'perm') ?? first.map((_, axis) => first.length - 1 - axis)).map((axis) => first[axis]!)
      );
    case 'Reshape':
      return reshaped(shapes, node, first);
    case 'Flatten': {
      if (!first) return undefined;
      const axis = intOf(node, 'axis', 1);
      const at = axis < 0 ? axis + first.length : axis;
      return [product(first.slice(0, at)), product(first.slice(at))];
    }
    case 'Squeeze':
      return first && squeezed(shapes, node, first);
    case 'Unsqueeze':
      return first && unsqueezed(shapes, node, first);
    case 'Concat':
      return concatenated(node, all);
    case 'Slice':
      return first && sliced(shapes, node, first);
    case 'Shape':
      return [first ? known(lengthOfShape(node, first.length)) : dimension(`${result}.0`)];
    case 'Size':
      return [];
    case 'ConstantOfShape':
      return sizesFrom(shapes.valuesOf(node.input[0]!), result);
    case 'Expand': {
      const wanted = sizesFrom(shapes.valuesOf(node.input[1]!), result);
      return first && wanted && broadcastShape(first, wanted, result);
    }
    case 'Tile': {
      const repeats = shapes.valuesOf(node.input[1]!);
      if (repeats?.length !== first?.length) return undefined;
      return first?.map((size, axis) =>
        isDimension(repeats![axis]!) ? times(size, repeats![axis]!) : dimension(`${result}.${axis}`),
      );
    }
    case 'Pad':
      return first && padded(shapes, node, first);
    case 'Resize':
    case 'Upsample':
      return first && resized(shapes, node, first);
    case 'DepthToSpace':
    case 'SpaceToDepth': {
      const block = known(intOf(node, 'blocksize', 1));
      if (first?.length !== 4) return undefined;
      const [n, c, h, w] = first as [Size, Size, Size, Size];
      const [grown, shrunk] = opType === 'DepthToSpace' ? [[h, w], [c]] : [[c], [h, w]];
      const bigger = grown.map((size) => (grown.length === 1 ? times(times(size, block), block) : times(size, block)));
      const smaller = shrunk.map((size) => over(size, shrunk.length === 1 ? times(block, block) : block));
      if (!smaller.every((size) => size !== undefined)) return undefined;
      return opType === 'DepthToSpace' ? [n!, ...smaller, ...bigger] : [n!, ...bigger, ...smaller];
    }
    default:
      if (opType.startsWith('Reduce')) return first && reduced(node, first, axesReduced(shapes, node));
      if (opType === 'ArgMax' || opType === 'ArgMin') return first && reduced(node, first, [intOf(node, 'axis', 0)]);
      return undefined;
  }
}

/** The axes over which a Reduce… runs: an attribute or an operand; undefined: not known. */
export function axesReduced(shapes: KnownShapes, node: NodeProto): readonly number[] | undefined {
  const operand = node.input[1] ?? '';
  const given = operand === '' ? intsOf(node, 'axes') : shapes.numbers(operand);
  if (operand !== '' && given === undefined) return undefined;
  if (given && given.length > 0) return given;
  if (intOf(node, 'noop_with_empty_axes', 0) === 1) return [];
  const rank = shapes.rank(node.input[0]!);
  return rank === undefined ? undefined : Array.from({ length: rank }, (_, axis) => axis);
}

function reduced(node: NodeProto, shape: Shape, axes: readonly number[] | undefined): Shape | undefined {
  if (!axes) return undefined;
  const gone = new Set(axes.map((axis) => (axis < 0 ? axis + shape.length : axis)));
  const kept = intOf(node, 'keepdims', 1) === 1;
  return shape.flatMap((size, axis) => (!gone.has(axis) ? [size] : kept ? [ONE] : []));
}

/**
 * The sizes that a Reshape asks for as they come out: 0 copies the operand's, −1 is what is left. An entry that only a
 * run tells may be either of these.
 */
function reshaped(shapes: KnownShapes, node: NodeProto, first: Shape | undefined): Shape | undefined {
  const target = node.input[1] === undefined ? intsOf(node, 'shape')?.map(known) : shapes.valuesOf(node.input[1]);
  if (!target) return undefined;
  const copies = intOf(node, 'allowzero', 0) === 0;
  const sizes = target.map((entry, axis) => {
    if (numberOf(entry) === 0 && copies) return first?.[axis];
    return isDimension(entry) ? entry : undefined;
  });
  const inferred = target.findIndex((entry) => numberOf(entry) === -1);
  const others = sizes.filter((_, axis) => axis !== inferred);
  const rest =
    inferred >= 0 && first && others.every((size) => size !== undefined)
      ? over(product(first), product(others as Size[]))
      : undefined;
  return sizes.map((size, axis) => (axis === inferred ? rest : size) ?? dimension(`${node.output[0]}.${axis}`));
}

/** Numbers that say sizes. */
const sizesFrom = (values: readonly Size[] | undefined, result: string): Shape | undefined =>
  values?.map((size, axis) => (isDimension(size) ? size : dimension(`${result}.${axis}`)));

function axesOf(shapes: KnownShapes, node: NodeProto): readonly number[] | undefined {
  return node.input[1] ? shapes.numbers(node.input[1]) : intsOf(node, 'axes');
}

function squeezed(shapes: KnownShapes, node: NodeProto, shape: Shape): Shape | undefined {
  const axes = axesOf(shapes, node);
  if (!axes) {
    // Without axes all sizes of 1 go, and a symbol may be 1.
    const told = (node.input[1] ?? '') === '' && shape.every((size) => numberOf(size) !== undefined);
    return told ? shape.filter((size) => numberOf(size) !== 1) : undefined;
  }
  const gone = new Set(axes.map((axis) => (axis < 0 ? axis + shape.length : axis)));
  return shape.filter((_, axis) => !gone.has(axis));
}

function unsqueezed(shapes: KnownShapes, node: NodeProto, shape: Shape): Shape | undefined {
  const axes = axesOf(shapes, node);
  if (!axes) return undefined;
  const rank = shape.length + axes.length;
  const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  const rest = [...shape];
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? ONE : rest.shift()!));
}

function lengthOfShape(node: NodeProto, rank: number): number {
  const bound = (name: string, fallback: number) => {
    const at = attributeOf(node, name) ? intOf(node, name, 0) : fallback;
    return Math.min(rank, Math.max(0, at < 0 ? at + rank : at));
  };
  return Math.max(0, bound('end', rank) - bound('start', 0));
}
