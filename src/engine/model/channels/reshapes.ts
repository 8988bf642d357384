import type { NodeProto } from 'onnx-buf';
import { intOf } from '../onnx/attributes';
import type { Shape } from '../shapes/shape';
import { equal, numberOf, ONE, type Size, times } from '../shapes/size';
import type { Flow } from './graph';
import type { Carrier, Edit, Passing } from './passing';

interface View {
  /** Axes from the front. */
  readonly axis: number;
  readonly units: number;
}

/**
 * Where channels along axis `at` of a value of shape `from` lie once the same entries, in the same order, are read in
 * the shape `to`: unit u is a run of the entries behind each place in front, so that some axis must begin where the
 * channels' axis begins (batch and positions stay in place), and what it has must fall into these runs. Where it has
 * fewer entries than there are units, several of these make one.
 */
function viewOf(from: Shape, at: number, to: Shape, units: number): View | undefined {
  const span = from.slice(at).reduce(times, ONE);
  let inside = ONE;
  for (let axis = to.length - 1; axis >= 0; axis--) {
    inside = times(inside, to[axis]!);
    if (equal(inside, span)) return { axis, units: divisor(units, to[axis]!.factor) };
  }
  return undefined;
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}

const UNSHOWN = 'the graph does not show how';

/** Flatten, Squeeze and Unsqueeze with axes: their shape follows by itself. */
export function viewed(flow: Flow, node: NodeProto, carrier: Carrier, units: number): Passing | string {
  const found = carriersOf(flow, node, carrier, units);
  return typeof found === 'string'
    ? found
    : { carriers: found.carriers, ...(found.units !== units && { units: found.units }) };
}

/** [.., H·d] → [.., H, d] and back, or [N, C, …] → [N, C·…], wherever sizes prove that the channels stay in runs. */
export function reshaped(flow: Flow, node: NodeProto, carrier: Carrier, units: number): Passing | string {
  const found = carriersOf(flow, node, carrier, units);
  if (typeof found === 'string') return found;
  const { carriers, operandAxis, resultAxis } = found;
  if (found.units !== units) return { carriers, units: found.units };
  const target = targetOf(flow, node.input[1] ?? '');
  if (!target) return `${UNSHOWN} a Reshape is given its shape`;
  const copies = intOf(node, 'allowzero', 0) === 0;
  if (copies && target.some((entry, axis) => entry === 0 && axis === operandAxis && axis !== resultAxis))
    return 'a Reshape copies their number to another axis';
  const entry = target[resultAxis];
  const follows = entry === -1 || (entry === 0 && copies && operandAxis === resultAxis);
  if (!follows && (entry === undefined || entry <= 0 || entry % units !== 0)) return 'a Reshape computes their number';
  const edit: Edit = { kind: 'shape', node, at: resultAxis - target.length };
  return { carriers, ...(!follows && { edit }), heads: found.heads };
}

function carriersOf(flow: Flow, node: NodeProto, { name, axis }: Carrier, units: number) {
  const [first, result] = [node.input[0]!, node.output[0]!];
  const [operand, made] = [flow.shapes.of(first), flow.shapes.of(result)];
  if (!operand || !made) return `${UNSHOWN} ${node.opType} takes them`;
  const forwards = name === first;
  const [from, to] = forwards ? [operand, made] : [made, operand];
  const at = from.length + axis;
  const view = viewOf(from, at, to, units);
  if (!view || view.units < 2) return `a ${node.opType} does not keep them together`;
  const [operandAxis, resultAxis] = forwards ? [at, view.axis] : [view.axis, at];
  const size = (sizes: readonly Size[], i: number) => numberOf(sizes[i]!);
  return {
    units: view.units,
    operandAxis,
    resultAxis,
    heads:
      operandAxis === operand.length - 1 &&
      resultAxis < made.length - 1 &&
      size(operand, operandAxis) !== size(made, resultAxis),
    carriers: [
      { name: first, axis: operandAxis - operand.length },
      { name: result, axis: resultAxis - made.length },
    ],
  };
}

/** The entries of the shape that a Reshape asks for; undefined ones are computed. */
export function targetOf(flow: Flow, shape: string): (number | undefined)[] | undefined {
  return flow.numbers(shape) ?? partsOf(flow, shape)?.flatMap(({ entries }) => entries);
}

interface Part {
  readonly name: string;
  readonly entries: readonly (number | undefined)[];
}

/** The operands of the Concat that makes a shape, each with its entries. */
export function partsOf(flow: Flow, shape: string): Part[] | undefined {
  const node = flow.makerOf(shape);
  if (node?.opType !== 'Concat') return undefined;
  const parts: Part[] = [];
  for (const name of node.input) {
    const [length] = flow.shapes.of(name) ?? [];
    const count = length && numberOf(length);
    if (count === undefined) return undefined;
    parts.push({ name, entries: flow.numbers(name) ?? new Array<undefined>(count).fill(undefined) });
  }
  return parts;
}
