import { create } from '@bufbuild/protobuf';
import { type GraphProto, GraphProtoSchema, ModelProtoSchema, type ValueInfoProto } from 'onnx-buf';
import type { LongCall } from '../core/progress';
import { batches, type Dataset, fixedBatch } from '../evaluation/dataset';
import type { Model } from '../model/model';
import type { HostTensor, Session } from '../runtime';

/** What calibration needs to run models. */
export interface CalibrationSource {
  readonly dataset: Dataset;
  readonly open: (model: Model) => Promise<Session>;
}

type Outputs = Readonly<Record<string, HostTensor>>;

/** The model with these outputs in place of its own: the runtime leaves out what none of them needs. */
export function withOutputs(model: Model, output: ValueInfoProto[]): Model {
  const graph: GraphProto = Object.assign(create(GraphProtoSchema), model.graph, { output });
  return { ...model, graph, proto: Object.assign(create(ModelProtoSchema), model.proto, { graph }) };
}

const LARGEST_BATCH = 8;
/** Values fed in one run: unfolding an early convolution of a picture of 224² multiplies them by some hundred. */
const BATCH_VALUES = 2 ** 18;

/**
 * Runs a model on calibration data, a few samples at a time, and hands on the outputs. Where the model takes a fixed
 * number of samples, one batch that would have to be filled up is left out rather than counting its last sample often,
 * unless there is no other. Throws the signal's reason when aborted.
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
          // Exporters bake the batch they traced into Reshape nodes although they declare it open.
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

/** Lists in order, none of which costs more than `budget` unless it holds one item. */
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
