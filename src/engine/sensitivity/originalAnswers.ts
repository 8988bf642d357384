import type { LongCall } from '../core/progress';
import { chooseBatch } from '../evaluation/batchSize';
import { Damage } from '../evaluation/damage';
import { type Batch, batches, type Dataset, type Labels } from '../evaluation/dataset';
import { openModel } from '../evaluation/openModel';
import { type MetricScore, Score } from '../evaluation/score';
import type { Model } from '../model/model';
import type { HostTensor, Provider, Runtime } from '../runtime';

/** What a model answers to some samples: what changed models are compared with. */
export class OriginalAnswers {
  #scores: readonly MetricScore[] | undefined;

  private constructor(
    readonly dataset: Dataset,
    readonly batches: readonly Batch[],
    readonly outputs: readonly Readonly<Record<string, HostTensor>>[],
  ) {}

  /** `batch`: the most samples of a run. */
  static async open(
    model: Model,
    dataset: Dataset,
    { runtime, provider, batch = Number.POSITIVE_INFINITY }: { runtime: Runtime; provider: Provider; batch?: number },
    { signal, onProgress }: LongCall = {},
  ): Promise<OriginalAnswers> {
    const session = await openModel(model, runtime, { provider, signal });
    try {
      const size = Math.min(batch, await chooseBatch(session, dataset));
      const taken = [...batches(dataset, size)];
      const outputs = [];
      for (const { feeds, start } of taken) {
        signal?.throwIfAborted();
        onProgress?.({ done: start, total: dataset.samples, label: 'Running the original' });
        outputs.push(await session.run(feeds));
      }
      return new OriginalAnswers(dataset, taken, outputs);
    } finally {
      await session.release();
    }
  }

  /** Counts what a changed model loses, on all samples or on the first `count` batches. */
  damage(count = this.batches.length): Damage {
    const { labels, generated } = this.dataset;
    const original = labels && count === this.batches.length ? (this.#scores ??= this.#scored(labels)) : undefined;
    return new Damage({ labels, generated, original });
  }

  #scored(labels: Labels): readonly MetricScore[] {
    const score = new Score(labels, 'first');
    for (const [i, batch] of this.batches.entries()) score.add(this.outputs[i]!, batch);
    return score.scores;
  }
}
