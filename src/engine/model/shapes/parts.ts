import type { NodeProto } from 'onnx-buf';
import { intOf, intsOf } from '../onnx/attributes';
import type { KnownShapes, Shape } from './shape';
import { dimension, known, numberOf, over, sum } from './size';

export function concatenated(node: NodeProto, all: readonly (Shape | undefined)[]): Shape | undefined {
  const [first] = all;
  if (!first || !all.every((shape) => shape?.length === first.length)) return undefined;
  const axis = intOf(node, 'axis', 1);
  const at = axis < 0 ? axis + first.length : axis;
  return first.map((size, i) =>
    i === at
      ? all.map((shape) => shape![i]!).reduce(sum)
      : // All are alike along the other axes; one of them may be known better than the first.
        (all.map((shape) => shape![i]!).find((one) => numberOf(one) !== undefined) ?? size),
  );
}

export function sliced(shapes: KnownShapes, node: NodeProto, shape: Shape): Shape {
  const [, starts, ends, axes, steps] = node.input;
  const list = (operand: string | undefined, name: string) =>
    operand ? shapes.numbers(operand) : node.input.length > 1 ? undefined : intsOf(node, name);
  const [from, to] = [list(starts, 'starts'), list(ends, 'ends')];
  const count = from?.length ?? to?.length;
  const given = axes ? shapes.numbers(axes) : node.input.length > 1 ? undefined : intsOf(node, 'axes');
  const along = given ?? (axes ? undefined : Array.from({ length: count ?? shape.length }, (_, i) => i));
  if (!along) return shape.map((_, axis) => dimension(`${node.output[0]}.${axis}`));
  const by = steps ? shapes.numbers(steps) : along.map(() => 1);
  const cut = new Map(along.map((axis, i) => [axis < 0 ? axis + shape.length : axis, i]));
  return shape.map((size, axis) => {
    const i = cut.get(axis);
    if (i === undefined) return size;
    const length = numberOf(size);
    const [a, b, step] = [from?.[i], to?.[i], by?.[i]];
    if (a === 0 && b !== undefined && b >= 2 ** 31 - 1 && step === 1) return size;
    if (length === undefined || a === undefined || b === undefined || step === undefined || step <= 0)
      return dimension(`${node.output[0]}.${axis}`);
    const clamp = (at: number) => Math.min(length, Math.max(0, at < 0 ? at + length : at));
    return known(Math.max(0, Math.ceil((clamp(b) - clamp(a)) / step)));
  });
}

export function split(shapes: KnownShapes, node: NodeProto, shape: Shape): (Shape | undefined)[] {
  const axis = intOf(node, 'axis', 0);
  const at = axis < 0 ? axis + shape.length : axis;
  if (!shape[at]) return [];
  const sizes = node.input[1] ? shapes.numbers(node.input[1]) : intsOf(node, 'split');
  const equalParts = !node.input[1] && !sizes ? over(shape[at]!, known(node.output.length)) : undefined;
  return node.output.map((name, i) => {
    const size = sizes?.[i] === undefined ? equalParts : known(sizes[i]!);
    return shape.with(at, size ?? dimension(`${name}.${at}`));
  });
}

export function padded(shapes: KnownShapes, node: NodeProto, shape: Shape): Shape {
  const pads = node.input[1] ? shapes.numbers(node.input[1]) : (intsOf(node, 'pads') ?? intsOf(node, 'paddings'));
  const axes = node.input[3] ? shapes.numbers(node.input[3]) : shape.map((_, axis) => axis);
  return shape.map((size, axis) => {
    const i = axes?.findIndex((one) => (one < 0 ? one + shape.length : one) === axis);
    if (i === -1) return size;
    const added = pads && axes && i !== undefined ? pads[i]! + pads[i + axes.length]! : undefined;
    const total =
      added === 0 ? size : added !== undefined && numberOf(size) !== undefined ? sum(size, known(added)) : undefined;
    return total ?? dimension(`${node.output[0]}.${axis}`);
  });
}
