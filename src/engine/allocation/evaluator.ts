import { withOutputs } from '../calibration/running';
import type { Estimated } from '../core/estimated';
import type { LongCall } from '../core/progress';
import { chooseBatch } from '../evaluation/batchSize';
import { Damage } from '../evaluation/damage';
import { type Batch, batches, type Dataset } from '../evaluation/dataset';
import { openFolded } from '../evaluation/foldedSession';
import { measureLatency } from '../evaluation/latency';
import { openModel } from '../evaluation/openModel';
import { bytesOf } from '../evaluation/outputCache';
import { Score } from '../evaluation/score';
import type { Layer, ModelLayers } from '../model/layers';
import { value } from '../model/onnx/build';
import { DATA_TYPE, denseOf } from '../operators/dense/dense';
import { replaceWeights } from '../operators/export/replace';
import { consumedType } from '../operators/export/useNodes';
import type { FloatType, Operator } from '../operators/operator';
import type { Multiply } from '../operators/product';
import type { HostTensor, Provider, Runtime } from '../runtime';

type Outputs = Readonly<Record<string, HostTensor>>;

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
  readonly #originals: { readonly batch: Batch; readonly outputs: Outputs }[] = [];
  readonly #dense = new Map<Operator, Float32Array<ArrayBuffer>>();
  #denseBytes = 0;
  #measure = '';
  #metric = '';

  private constructor(
    private readonly given: ModelLayers,
    readonly dataset: Dataset,
    private readonly context: EvaluatorContext,
  ) {}

  /** Runs the original on all samples, or on the first of them where its outputs are large. */
  static async open(
    given: ModelLayers,
    dataset: Dataset,
    context: EvaluatorContext,
    call: LongCall = {},
  ): Promise<Evaluator> {
    const evaluator = new Evaluator(given, dataset, context);
    const session = await openModel(given.model, context.runtime, { provider: context.provider, ...call });
    try {
      let bytes = 0;
      // Small batches, so that a few samples can be run first.
      const size = Math.min(await chooseBatch(session, dataset), Math.ceil(dataset.samples / PARTS));
      for (const batch of batches(dataset, size)) {
        call.signal?.throwIfAborted();
        call.onProgress?.({ done: batch.start, total: dataset.samples, label: 'Running the original' });
        const outputs = await session.run(batch.feeds);
        evaluator.#originals.push({ batch, outputs });
        bytes += bytesOf(outputs);
        if (bytes > OUTPUT_BYTES) break;
      }
    } finally {
      await session.release();
    }
    const damage = evaluator.#damage();
    for (const { batch, outputs } of evaluator.#originals.slice(0, 1)) damage.add(outputs, outputs, batch);
    evaluator.#measure = damage.measure;
    evaluator.#metric = damage.metric;
    return evaluator;
  }

  /** The name of the metric of `damage`. */
  get measure(): string {
    return this.#measure;
  }

  /** The name of the metric of `loss`. */
  get metric(): string {
    return this.#metric;
  }

  /** Those that were given, or the first of them whose outputs fit into memory. */
  get samples(): number {
    return this.#originals.reduce((sum, { batch }) => sum + batch.samples, 0);
  }

  get batches(): number {
    return this.#originals.length;
  }

  /** The metric of the original against labels; 1 without labels. */
  get original(): number {
    const { labels } = this.dataset;
    if (!labels) return 1;
    const score = new Score(labels);
    for (const { batch, outputs } of this.#originals) score.add(outputs, batch);
    return score.scores[0]!.mean.value;
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
    const damage = this.#damage();
    const energies: number[] = [];
    try {
      for (const { batch, outputs } of this.#originals.slice(0, count)) {
        signal?.throwIfAborted();
        damage.add(outputs, await session.run(batch.feeds), batch);
        energies.push(this.energyOf(damage.damage.mean));
      }
    } finally {
      await session.release();
    }
    return { damage: damage.damage, loss: damage.loss, samples: damage.samples, energies };
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
      const [{ feeds, fed }] = batches(this.dataset, 1);
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
        const { latencyMs } = await measureLatency(before, after, this.#originals[0]!.batch.feeds, {
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
  energyOf(damage: number): number {
    return this.#measure === 'relativeError' ? damage ** 2 : damage;
  }

  #damage(): Damage {
    const { labels, generated } = this.dataset;
    return new Damage({ labels, generated });
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
