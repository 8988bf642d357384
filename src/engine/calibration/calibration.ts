import type { ValueInfoProto } from 'onnx-buf';
import type { LongCall } from '../core/progress';
import type { Dataset } from '../evaluation/dataset';
import type { Layer } from '../model/layers';
import type { Model } from '../model/model';
import { type DataType, value } from '../model/onnx/build';
import { Rewrite } from '../model/rewrite';
import type { Scope } from '../model/scopes';
import type { InputStatistics } from '../operators/statistics';
import { type Consumer, consumerOf, Nodes, whyNone } from './consumers';
import { together } from './moments';
import { observe, type Seen } from './observation';
import { type CalibrationSource, inTurns, runOn, withOutputs } from './running';

/** What was observed at one consumer of a layer. */
export interface Observed {
  /** Whether it applies Wᵀ, so that its rows are as wide as W has rows. */
  readonly flipped: boolean;
  readonly seen: Exclude<Seen, string>;
}

/** How many bytes of H in float64 are summed up at once. */
const GRAM_BYTES = 128e6;

/**
 * Statistics of the inputs of a model's layers on calibration data: H = XᵀX, mean |x|, mean x² and the largest |x|.
 * Memory does not grow with the data, since nodes added to the model reduce each batch. An input that several layers
 * share is observed once, and nothing is observed twice: keep one object for a model and its data.
 */
export class Calibration {
  #model: Model | undefined;
  #consumers = new Map<string, readonly (Consumer | string)[]>();
  #seen = new Map<string, Seen>();

  /**
   * `gramBytes`: how many bytes of H in float64 are summed up at once. What does not fit takes another run of the
   * model.
   */
  constructor(
    readonly source: CalibrationSource,
    private readonly gramBytes = GRAM_BYTES,
  ) {}

  get dataset(): Dataset {
    return this.source.dataset;
  }

  /**
   * Runs the model on the data for the layers (of `main`, the model's main graph) that were not observed yet.
   * Statistics of another model are discarded. Throws the signal's reason when aborted; finished statistics stay.
   */
  async collect(model: Model, main: Scope, layers: Iterable<Layer>, call: LongCall = {}): Promise<void> {
    if (this.#model !== model) {
      this.#model = model;
      this.#consumers = new Map();
      this.#seen = new Map();
    }
    const missing = new Map<string, Consumer>();
    for (const layer of layers) {
      // A layer that is too small to be compressed may still be cut together with others.
      if (layer.unhandled !== undefined) continue;
      const consumers = layer.uses.map((use) => consumerOf(layer, use, main));
      this.#consumers.set(layer.id, consumers);
      for (const consumer of consumers) {
        if (typeof consumer !== 'string' && !this.#seen.has(consumer.key)) missing.set(consumer.key, consumer);
      }
    }
    const bytes = ({ kind, width }: Consumer) => (kind === 'indices' ? 8 * width : 8 * width ** 2);
    const turns = inTurns(missing.values(), bytes, this.gramBytes);
    for (const [i, turn] of turns.entries()) {
      await this.#observe(model, main, turn, {
        signal: call.signal,
        onProgress: ({ done, total, label }) =>
          call.onProgress?.({ done: i + done / total, total: turns.length, label }),
      });
    }
  }

  /** Statistics of a layer's input; or why there are none, as the end of a sentence. */
  statisticsOf(layer: Layer): InputStatistics | string {
    const consumers = this.#consumers.get(layer.id) ?? ['its input was not observed'];
    const why = whyNone(consumers);
    if (why !== undefined) return why;
    const parts: InputStatistics[] = [];
    for (const { key } of consumers as readonly Consumer[]) {
      const seen = this.#seen.get(key) ?? 'its input was not observed';
      if (typeof seen === 'string') return seen;
      parts.push(seen as Exclude<Seen, string | Float64Array>);
    }
    return together(parts);
  }

  /** What was observed at each consumer of a layer. Consumers that cannot be observed are left out. */
  observedOf(layer: Layer): Observed[] {
    return (this.#consumers.get(layer.id) ?? []).flatMap((consumer) => {
      if (typeof consumer === 'string') return [];
      const seen = this.#seen.get(consumer.key);
      return seen === undefined || typeof seen === 'string' ? [] : [{ flipped: consumer.flipped, seen }];
    });
  }

  /** `scales`, by consumer: factors for columns that are too large or too small for float32. */
  async #observe(
    model: Model,
    main: Scope,
    consumers: readonly Consumer[],
    call: LongCall,
    scales: ReadonlyMap<Consumer, Float32Array<ArrayBuffer>> = new Map(),
  ): Promise<void> {
    const rewrite = new Rewrite(model, main);
    const outputs: ValueInfoProto[] = [];
    const observations = consumers.map((consumer) => {
      const nodes = new Nodes(rewrite, main, consumer.layer.weight);
      const output = (name: string, type: DataType) => outputs.push(value(name, type));
      const observation = observe(nodes, consumer, rewrite.opset, output, scales.get(consumer));
      const { node } = consumer.use;
      rewrite.replace(node, [node, ...nodes.list]);
      return { consumer, observation };
    });
    await runOn(withOutputs(rewrite.finish(), outputs), this.source, call, (found) => {
      for (const { observation } of observations) observation.take(found);
    });
    const again = new Map<Consumer, Float32Array<ArrayBuffer>>();
    for (const { consumer, observation } of observations) {
      const wanted = observation.scalesWanted?.();
      if (wanted) again.set(consumer, wanted);
      else this.#seen.set(consumer.key, observation.finish());
    }
    if (again.size > 0) await this.#observe(model, main, [...again.keys()], call, again);
  }
}
