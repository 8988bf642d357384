import type { LongCall } from '../core/progress';
import { chooseBatch } from '../evaluation/batchSize';
import { Damage } from '../evaluation/damage';
import { type Batch, batches, type Dataset, type Labels } from '../evaluation/dataset';
import { openModel } from '../evaluation/openModel';
import { bytesOf } from '../evaluation/outputCache';
import { type MetricScore, Score } from '../evaluation/score';
import type { Model } from '../model/model';
import type { HostTensor, Provider, Runtime, Session } from '../runtime';

type Outputs = Readonly<Record<string, HostTensor>>;

export interface AnswersOptions {
  readonly runtime: Runtime;
  readonly provider: Provider;
  /** In how many runs the samples are taken, at least: a few of them can then be run first. */
  readonly parts?: number;
  /** Where the outputs pass so many bytes, the samples after them are left out. */
  readonly mostBytes?: number;
}

/** What a model answers to some samples: what changed models are compared with. The model runs once. */
export class OriginalAnswers {
  /** The name of the metric of damage. */
  readonly measure: string;
  /** The name of the metric of loss. */
  readonly metric: string;
  #scores: readonly MetricScore[] | undefined;

  private constructor(
    readonly dataset: Dataset,
    readonly batches: readonly Batch[],
    readonly outputs: readonly Outputs[],
  ) {
    const itself = this.damage(1);
    itself.add(outputs[0]!, outputs[0]!, batches[0]!);
    this.measure = itself.measure;
    this.metric = itself.metric;
  }

  /** Throws a UserError where no output can be compared, or none fits the labels. */
  static async open(
    model: Model,
    dataset: Dataset,
    { runtime, provider, parts = 1, mostBytes = Number.POSITIVE_INFINITY }: AnswersOptions,
    { signal, onProgress }: LongCall = {},
  ): Promise<OriginalAnswers> {
    const session = await openModel(model, runtime, { provider, signal });
    try {
      const size = Math.min(await chooseBatch(session, dataset), Math.ceil(dataset.samples / parts));
      const taken: Batch[] = [];
      const outputs: Outputs[] = [];
      let bytes = 0;
      for (const batch of batches(dataset, size)) {
        signal?.throwIfAborted();
        onProgress?.({ done: batch.start, total: dataset.samples, label: 'Running the original' });
        taken.push(batch);
        outputs.push(await session.run(batch.feeds));
        bytes += bytesOf(outputs.at(-1)!);
        if (bytes > mostBytes) break;
      }
      return new OriginalAnswers(dataset, taken, outputs);
    } finally {
      await session.release();
    }
  }

  /** Those that were given, or the first of them whose outputs fit into memory. */
  get samples(): number {
    return this.batches.reduce((sum, { samples }) => sum + samples, 0);
  }

  /** The metric of the model against labels; 1 without labels. */
  get score(): number {
    const { labels } = this.dataset;
    return labels ? this.#scored(labels)[0]!.mean.value : 1;
  }

  /** Counts what a changed model loses, on all samples or on the first `count` batches. */
  damage(count = this.batches.length): Damage {
    const { labels, generated } = this.dataset;
    const original = labels && count === this.batches.length ? this.#scored(labels) : undefined;
    return new Damage({ labels, generated, original });
  }

  /** Runs a changed model on the first `count` batches; `onBatch` is given the damage so far after each. */
  async damageOf(
    changed: Session,
    count = this.batches.length,
    { signal, onBatch }: Pick<LongCall, 'signal'> & { readonly onBatch?: (damage: Damage) => void } = {},
  ): Promise<Damage> {
    const damage = this.damage(count);
    for (const [i, batch] of this.batches.slice(0, count).entries()) {
      signal?.throwIfAborted();
      damage.add(this.outputs[i]!, await changed.run(batch.feeds), batch);
      onBatch?.(damage);
    }
    return damage;
  }

  #scored(labels: Labels): readonly MetricScore[] {
    if (this.#scores) return this.#scores;
    const score = new Score(labels, 'first');
    for (const [i, batch] of this.batches.entries()) score.add(this.outputs[i]!, batch);
    this.#scores = score.scores;
    return this.#scores;
  }
}
