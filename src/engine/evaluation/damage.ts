import { UserError } from '../core/errors';
import type { Estimated } from '../core/estimated';
import type { HostTensor } from '../runtime';
import type { Batch, Labels } from './dataset';
import { Fidelity, type FidelityOptions } from './fidelity';
import { estimated, type Influences, influencesOf } from './intervals';
import { closenessMetrics } from './metrics/metrics';
import { type MetricScore, Score } from './score';

type Outputs = Readonly<Record<string, HostTensor>>;

export interface DamageOptions extends Pick<FidelityOptions, 'kinds' | 'generated'> {
  /** Without labels, the loss is that of agreement, or of the cosine where outputs are no choices. */
  readonly labels?: Labels | undefined;
  /** What the original scored on the same samples; absent: it is measured along. */
  readonly original?: readonly MetricScore[] | undefined;
}

/** What stands for a damage that cannot be told: beyond any KL divergence or relative error that is worth telling apart. */
export const WORST_DAMAGE = 1e3;

/**
 * What the answer of a changed model loses, sample by sample, with standard errors: its distance to the original's
 * answer, and its loss of the metric, paired by sample. For many small changes of one model, each of which needs one
 * figure. Numbers that are not finite count as the worst damage.
 */
export class Damage {
  readonly #fidelity: Fidelity;
  readonly #before: Score | undefined;
  readonly #after: Score | undefined;
  #samples = 0;
  #isBroken = false;

  constructor(private readonly options: DamageOptions) {
    const { labels, original } = options;
    this.#fidelity = new Fidelity({ ...options, metrics: labels ? DISTANCES : [...DISTANCES, ...CLOSENESS] });
    this.#after = labels && new Score(labels, 'first');
    this.#before = labels && !original ? new Score(labels, 'first') : undefined;
  }

  /** Throws a UserError where no output fits the labels, or nothing can be compared. */
  add(original: Outputs, changed: Outputs, batch: Batch): void {
    this.#samples += batch.samples;
    if (this.#isBroken) return;
    this.#before?.add(original, batch);
    this.#after?.add(changed, batch);
    try {
      this.#fidelity.add(original, changed, batch, this.#after?.output);
    } catch (error) {
      // The original's own outputs are finite: the user was told when they were not.
      if (!(error instanceof UserError)) throw error;
      this.#isBroken = true;
    }
  }

  /** The name of the metric of `damage`: "kl" for choices, "relativeError" for other numbers. 0 is "the same". */
  get measure(): string {
    return this.#first(DISTANCES);
  }

  get damage(): Estimated {
    if (this.#isBroken) return { mean: WORST_DAMAGE };
    return estimated(this.damageBySample);
  }

  /** The damage with what each sample contributes to it, for differences between two changes on the same samples. */
  get damageBySample(): Influences {
    return this.#fidelity.influencesOf(this.measure)!;
  }

  /** The name of the metric of `loss`: the first that applies to the labels, else "agreement", "cosine", or a distance. */
  get metric(): string {
    return this.#scores?.after.metric.name ?? this.#first([...CLOSENESS, ...DISTANCES]);
  }

  /** How much the metric loses on its own scale; negative where it gains. */
  get loss(): Estimated {
    const scores = this.#scores;
    // All of it: the share of right answers that the original has, or of answers that agree with it.
    if (this.#isBroken) return { mean: scores?.before.mean.value ?? 1 };
    if (!scores) {
      const { mean, standardError } = estimated(this.#fidelity.influencesOf(this.metric)!);
      const isDistance = DISTANCES.includes(this.metric);
      return { mean: isDistance ? mean : 1 - mean, ...(standardError !== undefined && { standardError }) };
    }
    const { before, after } = scores;
    const sign = after.metric.better === 'higher' ? -1 : 1;
    const { mean, standardError } = estimated(influencesOf(after.mean.sums.minus(before.mean.sums)));
    const slope = Math.abs(after.metric.transform?.slope(before.mean.sums.mean) ?? 1);
    return {
      mean: sign * slope * mean,
      ...(standardError !== undefined && { standardError: slope * standardError }),
    };
  }

  get samples(): number {
    return this.#samples;
  }

  get #scores(): { readonly before: MetricScore; readonly after: MetricScore } | undefined {
    if (!this.#after) return undefined;
    return { before: (this.options.original ?? this.#before!.scores)[0]!, after: this.#after.scores[0]! };
  }

  #first(names: readonly string[]): string {
    if (this.#isBroken) return names[0]!;
    const report = this.#fidelity.report();
    return names.find((name) => Object.hasOwn(report, name)) ?? names[0]!;
  }
}

const CLOSENESS = ['agreement', 'cosine'];

/** The distances to the original, in the order of the list. */
const DISTANCES = closenessMetrics()
  .filter(({ scale, overOutputs, shown }) => scale === 'distance' && overOutputs === 'mean' && shown === 'everywhere')
  .map(({ name }) => name);
