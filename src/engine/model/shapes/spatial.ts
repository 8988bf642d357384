import type { NodeProto } from 'onnx-buf';
import { attributeOf, intOf, intsOf } from '../onnx/attributes';
import type { KnownShapes, Shape } from './shape';
import { dimension, known, numberOf, type Size, textOf } from './size';

/** The result of a convolution: batch and channels always, positions as far as they follow. */
export function convolved(
  node: NodeProto,
  x: Shape | undefined,
  weight: Shape | undefined,
  kind: 'conv' | 'transposed',
): Shape | undefined {
  const result = node.output[0]!;
  const rank = weight?.length ?? x?.length;
  if (rank === undefined) return undefined;
  const named = (axis: number) => dimension(`${result}.${axis}`);
  const turned = kind === 'transposed';
  const groups = intOf(node, 'group', 1);
  const made = numberOf(weight?.[turned ? 1 : 0] ?? named(1));
  const channels = made === undefined ? named(1) : known(turned ? made * groups : made);
  const positions = Array.from({ length: rank - 2 }, (_, i) => {
    const kernel = intsOf(node, 'kernel_shape')?.[i] ?? numberOf(weight?.[i + 2] ?? named(i + 2));
    const size = x?.[i + 2];
    return (!turned && size && kernel !== undefined && windows(node, size, kernel, i)) || named(i + 2);
  });
  return [x?.[0] ?? named(0), channels, ...positions];
}

export function pooled(node: NodeProto, x: Shape): Shape {
  const kernel = intsOf(node, 'kernel_shape');
  return x.map((size, axis) => {
    if (axis < 2) return size;
    const taps = kernel?.[axis - 2];
    return (taps !== undefined && windows(node, size, taps, axis - 2)) || dimension(`${node.output[0]}.${axis}`);
  });
}

/** How many places a window of `taps` has along one axis. */
function windows(node: NodeProto, size: Size, taps: number, i: number): Size | undefined {
  const stride = intsOf(node, 'strides')?.[i] ?? 1;
  const reach = (intsOf(node, 'dilations')?.[i] ?? 1) * (taps - 1) + 1;
  const way = new TextDecoder().decode(attributeOf(node, 'auto_pad')?.s) || 'NOTSET';
  const length = numberOf(size);
  if (way.startsWith('SAME')) {
    if (stride === 1) return size;
    return length === undefined ? dimension(`⌈${textOf(size)}/${stride}⌉`) : known(Math.ceil(length / stride));
  }
  const pads = intsOf(node, 'pads');
  const added = way === 'VALID' || !pads ? 0 : pads[i]! + pads[i + pads.length / 2]!;
  if (stride === 1 && added === reach - 1) return size;
  const rounding = intOf(node, 'ceil_mode', 0);
  if (length === undefined) return dimension(`windows(${textOf(size)},${reach},${added},${stride},${rounding})`);
  // Rounded up, runtimes differ in whether a last window that begins in the padding counts.
  const steps = (length + added - reach) / stride;
  if (rounding === 1 && !Number.isInteger(steps)) return undefined;
  return known(Math.floor(steps) + 1);
}

/** Of Resize and Upsample: what is scaled by 1 stays. */
export function resized(shapes: KnownShapes, node: NodeProto, x: Shape): Shape {
  const [scales, sizes] = node.opType === 'Resize' ? [node.input[2], node.input[3]] : [node.input[1], undefined];
  const told = sizes ? shapes.valuesOf(sizes) : undefined;
  const factors = scales ? shapes.floats(scales) : undefined;
  return x.map((size, axis) => {
    const named = dimension(`${node.output[0]}.${axis}`);
    if (attributeOf(node, 'axes') || attributeOf(node, 'keep_aspect_ratio_policy')) return named;
    const [asked, factor] = [told?.[axis], factors?.[axis]];
    if (asked && numberOf(asked) !== undefined) return asked;
    if (factor === 1) return size;
    const length = numberOf(size);
    // Runtimes round what a fraction makes of it, each in its own way.
    return factor !== undefined && Number.isInteger(factor) && length !== undefined ? known(length * factor) : named;
  });
}
