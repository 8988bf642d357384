import type { NodeWriter } from '../operator';

/** Writes a Slice: the places from `starts[i]` (usually 0) to before `ends[i]` along each of `axes`. */
export function cropped(
  writer: NodeWriter,
  x: string,
  axes: readonly number[],
  ends: readonly number[],
  starts: readonly number[] = axes.map(() => 0),
): string {
  if (writer.opset < 10) return writer.node('Slice', [x], { starts, ends, axes });
  return writer.node('Slice', [x, writer.int64(starts), writer.int64(ends), writer.int64(axes)]);
}

/** Writes a Pad: `x` [rows, columns] with zeros after the last column of each row. */
export function widened(writer: NodeWriter, x: string, by: number): string {
  const pads = [0, 0, 0, by];
  if (writer.opset < 11) return writer.node('Pad', [x], { pads });
  return writer.node('Pad', [x, writer.int64(pads)]);
}

export const reshaped = (writer: NodeWriter, x: string, dims: readonly number[]): string =>
  writer.node('Reshape', [x, writer.int64(dims)]);

export const cast = (writer: NodeWriter, value: string, to: number): string => writer.node('Cast', [value], { to });
