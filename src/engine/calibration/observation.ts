import { DataType } from '../model/onnx/build';
import type { InputStatistics } from '../operators/statistics';
import type { HostTensor } from '../runtime';
import { type Consumer, type Nodes, writeGram, writeIndices, writeRows } from './consumers';
import { Moments } from './moments';

/** Statistics of rows; or how often a Gather reads each of its rows; or why there are none. */
export type Seen = InputStatistics | Float64Array | string;

type Outputs = Readonly<Record<string, HostTensor>>;

/** One input while it is observed. */
export interface Observation {
  take(outputs: Outputs): void;
  finish(): Seen;
  /** Factors of the columns for another observation, where this one lost precision; see `Moments`. */
  scalesWanted?(): Float32Array<ArrayBuffer> | undefined;
}

/**
 * Adds nodes that observe one input, its columns multiplied by `scales`. `output` makes a value an output of the model.
 */
export function observe(
  nodes: Nodes,
  consumer: Consumer,
  opset: number,
  output: (name: string, type: DataType) => void,
  scales?: Float32Array<ArrayBuffer>,
): Observation {
  const { width } = consumer;
  if (consumer.kind === 'indices') {
    const indices = writeIndices(nodes, consumer);
    output(indices, DataType.INT64);
    const counts = new Float64Array(width);
    return {
      // A Gather's X has one 1 in each row: XᵀX counts how often each row is read. Negative indices count from the end.
      take(outputs) {
        for (const index of outputs[indices]!.data as BigInt64Array) counts[(Number(index) + width) % width]! += 1;
      },
      finish: () => counts,
    };
  }
  const asTheyAre = writeRows(nodes, consumer);
  const factors = scales && nodes.constant([width], DataType.FLOAT, new Uint8Array(scales.buffer));
  const rows = factors === undefined ? asTheyAre : nodes.emit('Mul', [asTheyAre, factors]);
  // From opset 18 on, axes are an input.
  const [axes, attributes] = opset < 18 ? [[], { axes: [0] }] : [[nodes.shape([0])], {}];
  const reduced = (op: string, from: string) => nodes.emit(op, [from, ...axes], { ...attributes, keepdims: 0 });
  const gram = writeGram(nodes, rows);
  const absolute = reduced('ReduceL1', rows);
  const largest = reduced('ReduceMax', nodes.emit('Abs', [rows]));
  for (const name of [gram, absolute, largest]) output(name, DataType.FLOAT);
  const dims = nodes.emit('Shape', [rows]);
  output(dims, DataType.INT64);
  const moments = new Moments(width, scales);
  return {
    take(outputs) {
      const floats = (name: string) => outputs[name]!.data as Float32Array;
      moments.add(floats(gram), floats(absolute), floats(largest), Number(outputs[dims]!.data[0]));
    },
    finish: () => moments.finish(),
    scalesWanted: () => moments.scalesWanted,
  };
}
