import { create } from '@bufbuild/protobuf';
import { type GraphProto, GraphProtoSchema, ModelProtoSchema, type ValueInfoProto } from 'onnx-buf';
import type { LongCall } from '../core/progress';
import { batches, type Dataset, fixedBatch } from '../evaluation/dataset';
import type { Model } from '../model/model';
import type { HostTensor, Session } from '../runtime';

/** How calibration runs models. */
export interface CalibrationSource {
  readonly dataset: Dataset;
  readonly open: (model: Model) => Promise<Session>;
}

type Outputs = Readonly<Record<string, HostTensor>>;

/** The model with these outputs in place of its own. The runtime leaves out nodes that none of them needs. */
export function withOutputs(model: Model, output: ValueInfoProto[]): Model {
  const graph: GraphProto = Object.assign(create(GraphProtoSchema), model.graph, { output });
  return { ...model, graph, proto: Object.assign(create(ModelProtoSchema), model.proto, { graph }) };
}

const LARGEST_BATCH = 8;
/**
 * How many values one run is given. Unfolding an early convolution of a 224² picture multiplies them by about a
 * hundred.
 */
const BATCH_VALUES = 2 ** 18;

/**
 * Runs a model on calibration data, a few samples at a time, and passes on the outputs. Where the model takes a fixed
 * number of samples, an incomplete last batch is left out, unless it is the only one: filling it up would count its
 * last sample several times. Throws the signal's reason when aborted.
 */
export async function runOn(
  model: Model,
  { dataset, open }: CalibrationSource,
  { signal, onProgress }: LongCall,
  take: (outputs: Outputs) => void,
): Promise<void> {
  const session = await open(model);
  try {
    let size = fixedBatch(dataset) ?? batchFor(dataset);
    for (let taken = 0; taken < dataset.samples; ) {
      for (const batch of batches(dataset, size)) {
        signal?.throwIfAborted();
        onProgress?.({ done: batch.start, total: dataset.samples, label: 'Running the calibration data' });
        const filled = batch.fed > batch.samples;
        if (filled && taken > 0) {
          taken += batch.samples;
          continue;
        }
        let outputs: Outputs;
        try {
          outputs = await session.run(batch.feeds);
        } catch (error) {
          // Exporters write the batch size that they traced into Reshape nodes, although they declare the batch size as
          // free.
          if (taken > 0 || size === 1 || filled) throw error;
          size = 1;
          break;
        }
        take(outputs);
        taken += batch.samples;
      }
    }
  } finally {
    await session.release();
  }
}

function batchFor({ fields, samples }: Dataset): number {
  const values = fields.reduce((sum, { array }) => sum + array.data.length / samples, 0);
  return Math.max(1, Math.min(LARGEST_BATCH, Math.floor(BATCH_VALUES / values)));
}

/** Splits a list in order into lists that cost at most `budget` each, or hold one item. */
export function inTurns<T>(items: Iterable<T>, cost: (item: T) => number, budget: number): T[][] {
  const turns: T[][] = [];
  let spent = Number.POSITIVE_INFINITY;
  for (const item of items) {
    if (spent + cost(item) > budget) {
      turns.push([]);
      spent = 0;
    }
    turns.at(-1)!.push(item);
    spent += cost(item);
  }
  return turns;
}
