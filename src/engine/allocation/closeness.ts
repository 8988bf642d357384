import { UserError } from '../core/errors';
import type { Estimated } from '../core/estimated';
import { toNumbers } from '../evaluation/convert';
import type { Batch, Dataset } from '../evaluation/dataset';
import { Fidelity, kindIn } from '../evaluation/fidelity';
import { estimated } from '../evaluation/intervals';
import { agreement } from '../evaluation/metrics/agreement';
import { rowWidth } from '../evaluation/outputKind';
import type { ChosenKind } from '../evaluation/report';
import { differenceOf, type MetricScore, Score } from '../evaluation/score';
import type { HostTensor } from '../runtime';

export type Outputs = Readonly<Record<string, HostTensor>>;

/** How close a compressed model's answers are to the original's, as promises speak of it. */
export interface Closeness {
  /** Share of the choices that are the same. Absent where no output chooses, or where the original always chooses the same. */
  readonly agreement?: Estimated;
  /** ‖original − compressed‖/‖original‖ of the outputs that are no choices. Absent where there are none. */
  readonly relativeError?: Estimated;
  /** Against labels: the first metric that applies, before and after, and what is lost, paired by sample. */
  readonly accuracy?: {
    readonly title: string;
    readonly before: number;
    readonly after: number;
    readonly loss: Estimated;
  };
  /**
   * Adds up over layers better than the others: the mean of KL divergences, plus that of squared relative errors. Infinite
   * where the compressed model gives numbers that are not finite.
   */
  readonly distance: number;
}

/** A batch with what the original answers to it. */
export interface Answered {
  readonly batch: Batch;
  readonly outputs: Outputs;
}

/**
 * Compares the answers of compressed models with those of the original on the same samples: by the kind of each output, and
 * with labels by the share of right answers. A choice that is always the same says nothing: its numbers are compared.
 */
export class ClosenessMeter {
  readonly #kinds: Readonly<Record<string, ChosenKind>>;
  readonly #scored: MetricScore | undefined;
  readonly #labelled: string | undefined;

  /** Throws a UserError where there is nothing to compare, no output fits the labels, or the original gives NaN. */
  constructor(
    private readonly answered: readonly Answered[],
    private readonly dataset: Pick<Dataset, 'labels' | 'generated'>,
  ) {
    const score = this.#scoreOf(answered.map(({ outputs }) => outputs));
    this.#scored = score?.scores.find(({ metric }) => metric.scale === 'share');
    this.#labelled = score?.output;
    this.#kinds = constantChoices(answered, this.#labelled, dataset.generated);
    this.#fidelityOf(answered.map(({ outputs }) => outputs)).report();
  }

  /** `after`: what the compressed model answers to each batch. */
  measure(after: readonly Outputs[]): Closeness {
    let fidelity: Fidelity;
    try {
      fidelity = this.#fidelityOf(after);
    } catch (error) {
      // The original was compared with itself: the numbers that are not finite are the compressed model's.
      if (error instanceof UserError) return { distance: Number.POSITIVE_INFINITY };
      throw error;
    }
    const { kl = 0, relativeError = 0 } = fidelity.report();
    const figure = (metric: string) => {
      const found = fidelity.influencesOf(metric);
      return found && { [metric]: estimated(found) };
    };
    return {
      ...figure('agreement'),
      ...figure('relativeError'),
      ...(this.#scored && { accuracy: this.#accuracyOf(after, this.#scored) }),
      distance: kl + relativeError ** 2,
    };
  }

  #fidelityOf(after: readonly Outputs[]): Fidelity {
    const metrics = ['agreement', 'kl', 'relativeError'];
    const fidelity = new Fidelity({ kinds: this.#kinds, generated: this.dataset.generated, metrics });
    for (const [at, { batch, outputs }] of this.answered.entries())
      fidelity.add(outputs, after[at]!, batch, this.#labelled);
    return fidelity;
  }

  #accuracyOf(after: readonly Outputs[], before: MetricScore): NonNullable<Closeness['accuracy']> {
    const now = this.#scoreOf(after)!.scores.find(({ metric }) => metric === before.metric)!;
    const standardError = differenceOf(before, now)?.standardError;
    const [was, is] = [before.mean.sums.mean, now.mean.sums.mean];
    const loss = { mean: was - is, ...(standardError !== undefined && { standardError }) };
    return { title: before.metric.title, before: was, after: is, loss };
  }

  #scoreOf(outputs: readonly Outputs[]): Score | undefined {
    const { labels } = this.dataset;
    if (!labels) return undefined;
    const score = new Score(labels);
    for (const [at, { batch }] of this.answered.entries()) score.add(outputs[at]!, batch);
    return score;
  }
}

/** Choices that the original makes alike nearly everywhere: they are compared as numbers. */
function constantChoices(answered: readonly Answered[], labelled: string | undefined, generated: boolean) {
  const kinds: Record<string, ChosenKind> = {};
  const [first] = answered;
  for (const [name, output] of Object.entries(first?.outputs ?? {})) {
    if (!output.type.startsWith('float') || name === labelled) continue;
    if (kindIn(name, output, first!.batch, { generated }) !== 'choices') continue;
    const same = new Fidelity({ kinds: { [name]: 'choices' }, metrics: ['majority'] });
    for (const { batch, outputs } of answered) same.add({ [name]: outputs[name]! }, { [name]: outputs[name]! }, batch);
    if (agreement.saysLittle!(same.report()) || isOneAnswer(answered, name)) kinds[name] = 'numbers';
  }
  return kinds;
}

/** A single number for all samples together, or one row: nothing to choose between. */
const isOneAnswer = (answered: readonly Answered[], name: string): boolean =>
  answered.reduce((rows, { batch, outputs }) => {
    const output = outputs[name]!;
    return rows + toNumbers(output).length / rowWidth(output.dims, batch.fed);
  }, 0) < 2;
