import type { NodeProto } from 'onnx-buf';
import { attributeOf, intOf, intsOf } from '../onnx/attributes';
import { DataType } from '../onnx/build';
import { inlineNumbers } from '../tensors';
import { type KnownShapes, MOST_VALUES, numbersOf } from './shape';
import { dimension, isDimension, known, numberOf, over, product, type Size, sum, textOf, times, unknown } from './size';

/**
 * The whole numbers in what `node` makes, for the operators with which exporters compute shapes; those of others are
 * names for numbers that only a run tells, as long as it is known how many there are.
 */
export function valuesMade(shapes: KnownShapes, node: NodeProto): readonly Size[] | undefined {
  if (node.domain !== '' && node.domain !== 'ai.onnx') return undefined;
  const found = computed(shapes, node);
  if (found) return found;
  const result = node.output[0]!;
  const count = numbersOf(shapes.of(result) ?? [known(Number.POSITIVE_INFINITY)])?.reduce((all, size) => all * size, 1);
  if (count === undefined || count > MOST_VALUES) return undefined;
  return Array.from({ length: count }, (_, i) => unknown(`${result}[${i}]`));
}

function computed(shapes: KnownShapes, node: NodeProto): readonly Size[] | undefined {
  const [first, second] = node.input as [string, string | undefined];
  const values = (name: string | undefined) => (name ? shapes.valuesOf(name) : undefined);
  switch (node.opType) {
    case 'Constant':
      return intsOf(node, 'value_ints')?.map(known);
    case 'Shape': {
      const shape = shapes.of(first);
      return shape?.slice(intOf(node, 'start', 0), attributeOf(node, 'end') ? intOf(node, 'end', 0) : undefined);
    }
    case 'Size': {
      const shape = shapes.of(first);
      return shape && [product(shape)];
    }
    case 'Identity':
    case 'Squeeze':
    case 'Unsqueeze':
    case 'Reshape':
      return values(first);
    case 'Cast':
      return [DataType.INT64, DataType.INT32].includes(intOf(node, 'to', 0)) ? wholes(shapes, first) : undefined;
    case 'Concat': {
      const parts = node.input.map((name) => (shapes.rank(name) === 1 ? values(name) : undefined));
      return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
    }
    case 'Gather':
      return gathered(shapes, node);
    case 'Slice':
      return sliced(shapes, node);
    case 'ReduceProd': {
      const [all, axes] = [values(first), second ? shapes.numbers(second) : intsOf(node, 'axes')];
      const whole = shapes.rank(first) === 1 && (!axes || [0, -1].includes(axes[0]!));
      return all && whole ? [product(all)] : undefined;
    }
    case 'ConstantOfShape': {
      const count = numberOf(product(values(first) ?? [unknown('')]));
      const held = attributeOf(node, 'value')?.t;
      if (count === undefined || count > MOST_VALUES || held?.dataType !== DataType.INT64) return undefined;
      const value = inlineNumbers(held)?.[0] ?? 0;
      return new Array<Size>(count).fill(known(value));
    }
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
      return entrywise(node.opType, values(first), values(second));
    default:
      return undefined;
  }
}

/** What is whole before a Cast to whole numbers stays what it is; a fraction would be cut. */
function wholes(shapes: KnownShapes, name: string): readonly Size[] | undefined {
  const found = shapes.valuesOf(name);
  return found?.every((size) => isDimension(size)) ? found : undefined;
}

function gathered(shapes: KnownShapes, node: NodeProto): readonly Size[] | undefined {
  const [data, indices] = node.input as [string, string];
  const [from, at] = [shapes.valuesOf(data), shapes.numbers(indices)];
  if (!from || !at || shapes.rank(data) !== 1 || intOf(node, 'axis', 0) > 0) return undefined;
  const taken = at.map((i) => from[i < 0 ? i + from.length : i]);
  return taken.every((size) => size !== undefined) ? taken : undefined;
}

function sliced(shapes: KnownShapes, node: NodeProto): readonly Size[] | undefined {
  const [data, ...rest] = node.input as [string, ...string[]];
  const from = shapes.valuesOf(data);
  if (!from || shapes.rank(data) !== 1) return undefined;
  const listed = rest.length > 0;
  const starts = listed ? shapes.numbers(rest[0]!) : intsOf(node, 'starts');
  const ends = listed ? shapes.numbers(rest[1] ?? '') : intsOf(node, 'ends');
  const steps = rest[3] ? shapes.numbers(rest[3]) : [1];
  if (starts?.length !== 1 || ends?.length !== 1 || steps?.[0] !== 1) return undefined;
  return from.slice(starts[0], ends[0]);
}

function entrywise(
  op: string,
  a: readonly Size[] | undefined,
  b: readonly Size[] | undefined,
): readonly Size[] | undefined {
  if (!a || !b || (a.length !== b.length && a.length !== 1 && b.length !== 1)) return undefined;
  const length = a.length === 1 ? b.length : a.length;
  const entries = Array.from({ length }, (_, i) => apply(op, a[a.length === 1 ? 0 : i]!, b[b.length === 1 ? 0 : i]!));
  return entries.every((entry) => entry !== undefined) ? entries : undefined;
}

function apply(op: string, a: Size, b: Size): Size | undefined {
  if (op === 'Mul') return times(a, b);
  if (op === 'Add') return sum(a, b);
  if (op === 'Sub') return textOf(a) === textOf(b) ? known(0) : sum(a, times(known(-1), b));
  const whole = over(a, b);
  if (whole) return whole;
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return y === 0 ? undefined : known(Math.trunc(x / y));
  // Cut towards zero: the same for the same operands.
  return (isDimension(a) && isDimension(b) ? dimension : unknown)(`(${textOf(a)}/${textOf(b)})`);
}
