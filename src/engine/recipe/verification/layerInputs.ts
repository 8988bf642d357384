import { seeded } from '../../core/random';
import { fromNumbers } from '../../evaluation/convert';
import type { Layer, Use } from '../../model/layers';
import { intsOf } from '../../model/onnx/attributes';
import { consumedType } from '../../operators/export/useNodes';
import type { ElementType, HostTensor } from '../../runtime';

/** Rows, or indices, of an input. */
export const ROWS = 3;

/**
 * Small random inputs that a layer's node takes. A product that takes stacks is given one matrix and a stack of one: the
 * nodes that stand for it may ask for either.
 */
export function inputsOf(layer: Layer, use: Use, weight: Float32Array): HostTensor[] {
  const random = seeded(1);
  const { shape } = layer;
  const { role } = use;
  if (role!.kind === 'gather') {
    const rows = use.transposed !== (layer.stored === 'transposed') ? shape[1]! : shape[0]!;
    const data = BigInt64Array.from({ length: ROWS }, () => BigInt(random.below(rows)));
    return [{ type: 'int64', dims: [ROWS], data }];
  }
  const dims = role!.kind === 'conv' ? imageOf(use, shape) : matrixOf(layer, shape, use);
  const type = consumedType(layer, use);
  const length = dims.reduce((product, size) => product * size, 1);
  const scale = inputScale(weight, shape, type);
  const data = fromNumbers(
    Float32Array.from({ length }, () => random.normal() * scale),
    type,
  );
  const ranks = role!.operator.takesStacks ? [dims, [1, ...dims]] : [dims];
  return ranks.map((dims) => ({ type, dims, data }));
}

/** A power of two that keeps the outputs of inputs from N(0, scale²) within what the type holds. */
function inputScale(weight: Float32Array, [rows, columns]: readonly number[], type: ElementType): number {
  const largest = weight.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  // A sum of n products has at most √n times the deviation of the largest; six deviations are hardly ever reached.
  const bound = 6 * Math.sqrt(weight.length / Math.min(rows!, columns!)) * largest;
  // A quarter of the range is left to the sums on the way.
  const limit = type === 'float16' ? 2 ** 14 : 2 ** 126;
  return bound <= limit ? 1 : 2 ** Math.floor(Math.log2(limit / bound));
}

/** Dimensions of one picture, just larger than the kernel. */
function imageOf({ node, role }: Use, shape: readonly number[]): number[] {
  // The kernel of a transposed convolution is [in, out/groups, …].
  const channels = role!.groups === undefined ? shape[0]! : shape[1]! * role!.groups;
  const kernel = shape.slice(2);
  const dilations = intsOf(node, 'dilations') ?? kernel.map(() => 1);
  return [1, channels, ...kernel.map((size, axis) => (size - 1) * (dilations[axis] ?? 1) + 2)];
}

/** Dimensions of a few rows, or of a few columns where the weight stands on the left. */
function matrixOf({ stored }: Layer, shape: readonly number[], { input, role, transposed }: Use): number[] {
  const [out, inner] = shape as [number, number];
  // The width of this node's own matrix [out, in].
  const width = transposed !== (stored === 'transposed') ? out : inner;
  return (input === 1) !== role!.turnsInput ? [ROWS, width] : [width, ROWS];
}
