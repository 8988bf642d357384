import { withOutputs } from '../calibration/running';
import type { Estimated } from '../core/estimated';
import type { LongCall } from '../core/progress';
import type { Damage } from '../evaluation/damage';
import { batches, type Dataset } from '../evaluation/dataset';
import { openFolded } from '../evaluation/foldedSession';
import { measureLatency } from '../evaluation/latency';
import { openModel } from '../evaluation/openModel';
import type { Layer, ModelLayers } from '../model/layers';
import { value } from '../model/onnx/build';
import { DATA_TYPE, denseOf } from '../operators/dense/dense';
import { replaceWeights } from '../operators/export/replace';
import { consumedType } from '../operators/export/useNodes';
import type { FloatType, Operator } from '../operators/operator';
import type { Multiply } from '../operators/product';
import type { Provider, Runtime } from '../runtime';
import { OriginalAnswers } from '../sensitivity/originalAnswers';

export interface EvaluatorContext {
  readonly runtime: Runtime;
  readonly provider: Provider;
  readonly multiply: Multiply;
  /**
   * Runs the nodes that would be written, in place of rebuilt weights: what inputs in 8 bits lose shows only there. It
   * takes longer.
   */
  readonly asWritten?: boolean;
  /** The most bytes of dense weights that are kept from one evaluation to the next. */
  readonly keptBytes?: number;
}

/** What a model with compressed layers gives on some samples. */
export interface Evaluation {
  /** By the evaluator's measure. */
  readonly damage: Estimated;
  readonly loss: Estimated;
  readonly samples: number;
  /**
   * The damage after each batch, in a unit that adds up over layers where changes are small: KL as it is, relative errors
   * squared.
   */
  readonly energies: readonly number[];
}

const KEPT_BYTES = 256 * 2 ** 20;

/** The most bytes of the original's outputs: a language model gives a number for each of its tokens at each position. */
const OUTPUT_BYTES = 256 * 2 ** 20;

/** How a model's latency is measured while others wait to be tried. */
const TIMED = { runs: 15, budgetMs: 1500 } as const;

/** In how many runs the samples are taken, at least. */
const PARTS = 8;

/**
 * Runs whole models whose layers stand in compressed forms beside the original, on a number of batches. Each model is a
 * session of its own with the rebuilt weights: making one takes as long as a few samples, while weights that are inputs
 * of one session are packed again in each run. The original runs once for each sample.
 */
export class Evaluator {
  /** Models that were run so far. */
  evaluations = 0;
  readonly #dense = new Map<Operator, Float32Array<ArrayBuffer>>();
  #denseBytes = 0;

  private constructor(
    private readonly given: ModelLayers,
    readonly original: OriginalAnswers,
    private readonly context: EvaluatorContext,
  ) {}

  /** Runs the original on all samples, or on the first of them where its outputs are large. */
  static async open(
    given: ModelLayers,
    dataset: Dataset,
    context: EvaluatorContext,
    call: LongCall = {},
  ): Promise<Evaluator> {
    const { runtime, provider } = context;
    const limits = { parts: PARTS, mostBytes: OUTPUT_BYTES };
    const original = await OriginalAnswers.open(given.model, dataset, { runtime, provider, ...limits }, call);
    return new Evaluator(given, original, context);
  }

  get batches(): number {
    return this.original.batches.length;
  }

  /** Runs the model with these operators in place of weights on the first `count` batches. */
  async evaluate(
    operators: ReadonlyMap<Layer, Operator>,
    count = this.batches,
    { signal }: LongCall = {},
  ): Promise<Evaluation> {
    const { model, main } = this.given;
    const { runtime, provider, asWritten } = this.context;
    const weights = asWritten ? operators : await this.#rebuilt(operators, signal);
    const session = await openModel(await replaceWeights(model, main, weights, { signal }), runtime, { provider });
    this.evaluations++;
    const energies: number[] = [];
    try {
      const onBatch = ({ damage }: Damage) => energies.push(this.#energyOf(damage.mean));
      const { damage, loss, samples } = await this.original.damageOf(session, count, { signal, onBatch });
      return { damage, loss, samples, energies };
    } finally {
      await session.release();
    }
  }

  /**
   * At how many positions each layer's weight is applied in a run of one sample: tokens, or places of a picture. 1 where it
   * is not seen, as inside an If.
   */
  async positions(layers: readonly Layer[]): Promise<number[]> {
    const { model } = this.given;
    const outputs = new Set(model.graph.node.flatMap(({ output }) => output));
    const named = layers.map(({ uses }) => uses.flatMap(({ node }) => node.output.filter((name) => outputs.has(name))));
    const types = new Map(
      layers.flatMap((layer, i) => {
        const type = DATA_TYPE[consumedType(layer, layer.uses[0]!)];
        return named[i]!.map((name) => [name, type] as const);
      }),
    );
    const values = [...types].map(([name, type]) => value(name, type));
    const session = await openModel(withOutputs(model, values), this.context.runtime, { lean: true });
    try {
      const [{ feeds, fed }] = batches(this.original.dataset, 1);
      const found = await session.run(feeds);
      return layers.map(({ shape, op }, i) => {
        const width = op === 'Gather' ? shape[1]! : op === 'ConvTranspose' ? shape[1]! : shape[0]!;
        const elements = named[i]!.map((name) => found[name]!.data.length / fed);
        return Math.max(1, elements.reduce((sum, count) => sum + count, 0) / width);
      });
    } finally {
      await session.release();
    }
  }

  /** The share of the original's time that the written model takes for one batch: both are timed in turns. */
  async latency(operators: ReadonlyMap<Layer, Operator>, { signal }: LongCall = {}): Promise<number> {
    const { model, main } = this.given;
    const { runtime, provider } = this.context;
    const before = await openModel(model, runtime, { provider });
    try {
      const after = await openFolded(await replaceWeights(model, main, operators, { signal }), runtime, provider);
      try {
        const { latencyMs } = await measureLatency(before, after, this.original.batches[0]!.feeds, {
          ...TIMED,
          signal,
        });
        return latencyMs.after.median / latencyMs.before.median;
      } finally {
        await after.release();
      }
    } finally {
      await before.release();
    }
  }

  /** A damage in the unit of `energies`. */
  #energyOf(damage: number): number {
    return this.original.measure === 'relativeError' ? damage ** 2 : damage;
  }

  async #rebuilt(operators: ReadonlyMap<Layer, Operator>, signal: AbortSignal | undefined) {
    const weights = new Map<Layer, Operator>();
    for (const [layer, operator] of operators) {
      signal?.throwIfAborted();
      weights.set(layer, denseOf(operator.shape, layer.dtype as FloatType, await this.#valuesOf(operator)));
    }
    return weights;
  }

  async #valuesOf(operator: Operator): Promise<Float32Array<ArrayBuffer>> {
    const known = this.#dense.get(operator);
    if (known) return known;
    const values = await operator.toDense(this.context.multiply);
    const { keptBytes = KEPT_BYTES } = this.context;
    for (const [oldest, { byteLength }] of this.#dense) {
      if (this.#denseBytes + values.byteLength <= keptBytes) break;
      this.#dense.delete(oldest);
      this.#denseBytes -= byteLength;
    }
    this.#dense.set(operator, values);
    this.#denseBytes += values.byteLength;
    return values;
  }
}
