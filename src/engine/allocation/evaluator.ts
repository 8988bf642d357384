import type { LongCall } from '../core/progress';
import { type Batch, batches, type Dataset } from '../evaluation/dataset';
import { chooseBatch } from '../evaluation/evaluate';
import { openModel } from '../evaluation/openModel';
import type { Layer, ModelLayers } from '../model/layers';
import { denseOf } from '../operators/dense/dense';
import { replaceWeights } from '../operators/export/replace';
import type { FloatType, Operator } from '../operators/operator';
import type { Multiply } from '../operators/product';
import type { HostTensor, Provider, Runtime } from '../runtime';
import type { SampleScores, Scorer } from './scorer';

type Outputs = Readonly<Record<string, HostTensor>>;

export interface EvaluatorContext {
  readonly runtime: Runtime;
  readonly provider: Provider;
  readonly multiply: Multiply;
  /** The most bytes of dense weights that are kept from one evaluation to the next. */
  readonly keptBytes?: number;
}

const KEPT_BYTES = 256 * 2 ** 20;

/** In how many runs the samples are taken, at least. */
const PARTS = 8;

/**
 * Runs whole models whose layers stand in compressed forms, sample by sample, beside the original. Each model is a
 * session of its own with the rebuilt weights: making one takes as long as a few samples, while weights that are inputs
 * of one session are packed again in each run. The original runs once for each sample.
 */
export class Evaluator {
  /** Models that were run so far. */
  evaluations = 0;
  readonly #originals: { readonly batch: Batch; readonly outputs: Outputs }[] = [];
  readonly #dense = new Map<Operator, Float32Array<ArrayBuffer>>();
  #denseBytes = 0;

  private constructor(
    private readonly given: ModelLayers,
    readonly dataset: Dataset,
    readonly scorer: Scorer,
    private readonly context: EvaluatorContext,
  ) {}

  /** Runs the original on all samples. */
  static async open(
    given: ModelLayers,
    dataset: Dataset,
    scorer: Scorer,
    context: EvaluatorContext,
    call: LongCall = {},
  ): Promise<Evaluator> {
    const evaluator = new Evaluator(given, dataset, scorer, context);
    const session = await openModel(given.model, context.runtime, { provider: context.provider, ...call });
    try {
      // Small batches, so that a few samples can be run first.
      const size = Math.min(await chooseBatch(session, dataset), Math.ceil(dataset.samples / PARTS));
      for (const batch of batches(dataset, size)) {
        call.signal?.throwIfAborted();
        call.onProgress?.({ done: batch.start, total: dataset.samples, label: 'Running the original' });
        const outputs = await session.run(batch.feeds);
        scorer.see(outputs, batch);
        evaluator.#originals.push({ batch, outputs });
      }
    } finally {
      await session.release();
    }
    return evaluator;
  }

  /** Runs the model with these operators in place of weights on the first `samples` samples, or a few more. */
  async evaluate(
    operators: ReadonlyMap<Layer, Operator>,
    samples = this.dataset.samples,
    { signal }: LongCall = {},
  ): Promise<SampleScores> {
    const { model, main } = this.given;
    const { runtime, provider } = this.context;
    const weights = new Map<Layer, Operator>();
    for (const [layer, operator] of operators) {
      signal?.throwIfAborted();
      weights.set(layer, denseOf(operator.shape, layer.dtype as FloatType, await this.#valuesOf(operator)));
    }
    const session = await openModel(await replaceWeights(model, main, weights, { signal }), runtime, { provider });
    this.evaluations++;
    const scores: SampleScores = { damage: [], loss: [] };
    try {
      for (const { batch, outputs } of this.#originals) {
        if (batch.start >= samples) break;
        signal?.throwIfAborted();
        const { damage, loss } = this.scorer.score(outputs, await session.run(batch.feeds), batch);
        scores.damage.push(...damage);
        scores.loss.push(...loss);
      }
    } finally {
      await session.release();
    }
    return scores;
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
